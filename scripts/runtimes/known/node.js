// Known failures on Node 22, 24 and 26 that pass on Node 20. See index.js.

/** @type {import('./index.js').Known[]} */
export const node = [
  {
    why: 'Node itself reads `family` and `blockList` from objects that inherit, when it listens and connects',
    tests: {
      'danger/polluted-names': [
        'a member of Object.prototype is never taken for an option of ours',
        'a member of Object.prototype is never taken for an option of TLS',
      ],
    },
  },
]
