// "Did you mean …?": the known name that a misspelt one is nearest to. Pure, and only asked once something is wrong, so
// it may take its time; but the key is a program's own and may be of any length, so far-off lengths are not compared.

/** The name that `key` probably was meant to be: one slip away in a short name, two in a longer one; more is another word. */
export function nearest(key: string, names: readonly string[]): string | undefined {
  let best: string | undefined
  let least = 3
  for (const name of names) {
    if (Math.abs(name.length - key.length) > 2) continue
    const slips = distance(key.toLowerCase(), name.toLowerCase())
    if (slips < least && slips < name.length / 2) {
      best = name
      least = slips
    }
  }
  return best
}

// Insertions, deletions, replacements, and swaps of two neighbours (`prot`), each one slip.
function distance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)]
  const at = (i: number, j: number): number => (rows[i] as number[])[j] as number
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    rows.push(row)
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(i - 2, j - 2) + 1 : Infinity
      row.push(Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, replaced, swapped))
    }
  }
  return at(a.length, b.length)
}
