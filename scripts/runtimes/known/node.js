// Known failures on Node 22, 24 and 26 that pass on Node 20. See index.js.

/** @type {import('./index.js').Known[]} */
export const node = [
  {
    why: 'Node itself reads `family` and `blockList` from objects that inherit, when it listens and connects',
    tests: {
      'danger/polluted-names': [
        'nothing that all objects inherit becomes an option of ours',
        'nothing that all objects inherit becomes an option of TLS',
      ],
    },
  },
]
