// Patterns of keys and channels: `*`, `?`, `[a-z]`, `[^x]`, and a backslash in front of a character that is meant as it is. The time is
// at most the length of the pattern times that of the text: no pattern makes the server stand still.

const ANY = -1
const SEVERAL = -2

/** The code of a character, `ANY`, `SEVERAL`, or which of the 256 characters match. */
type Part = number | readonly boolean[]

/** Whether a text matches the whole pattern. */
export type Match = (text: string) => boolean

export function glob(pattern: string): Match {
  const parts = parse(pattern)
  return (text) => matches(parts, text)
}

function parse(pattern: string): Part[] {
  const parts: Part[] = []
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern.charAt(at)
    if (character === '*') {
      if (parts.at(-1) !== SEVERAL) parts.push(SEVERAL)
    } else if (character === '?') parts.push(ANY)
    else if (character === '[') {
      const { part, end } = parseClass(pattern, at + 1)
      parts.push(part)
      at = end
    } else {
      if (character === '\\' && at + 1 < pattern.length) at++
      parts.push(pattern.charCodeAt(at))
    }
  }
  return parts
}

/** Parses what is between brackets. One that is not closed ends with the pattern. */
function parseClass(pattern: string, start: number): { part: readonly boolean[]; end: number } {
  const negated = pattern.charAt(start) === '^'
  const part = new Array<boolean>(256).fill(negated)
  let at = negated ? start + 1 : start
  for (; at < pattern.length && pattern.charAt(at) !== ']'; at++) {
    if (pattern.charAt(at) === '\\' && at + 1 < pattern.length) part[pattern.charCodeAt(++at)] = !negated
    else if (pattern.charAt(at + 1) === '-' && at + 2 < pattern.length) {
      const [a, b] = [pattern.charCodeAt(at), pattern.charCodeAt(at + 2)]
      part.fill(!negated, Math.min(a, b), Math.max(a, b) + 1)
      at += 2
    } else part[pattern.charCodeAt(at)] = !negated
  }
  return { part, end: at }
}

function matches(parts: readonly Part[], text: string): boolean {
  let [part, at] = [0, 0]
  // Where to continue if what follows a `*` does not match: the `*` takes one character more.
  let [again, taken] = [-1, 0]
  while (at < text.length) {
    const wanted = parts[part]
    if (wanted === SEVERAL) {
      again = ++part
      taken = at
    } else if (wanted !== undefined && matchesOne(wanted, text.charCodeAt(at))) {
      part++
      at++
    } else if (again >= 0) {
      part = again
      at = ++taken
    } else return false
  }
  while (parts[part] === SEVERAL) part++
  return part === parts.length
}

function matchesOne(part: Part, code: number): boolean {
  return typeof part === 'number' ? part === ANY || part === code : part[code] === true
}
