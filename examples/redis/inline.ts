// A command that a person types: words with spaces between them, and quotes around words that have spaces.

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', a: '\x07' }
/** As C has it: a byte that is a space in Latin-1 only is a part of a word. */
const SPACE = /[ \t\n\v\f\r]/

/** The words of a line; undefined if its quotes are not balanced. */
export function wordsOf(line: string): string[] | undefined {
  const words: string[] = []
  let at = 0
  for (;;) {
    while (at < line.length && SPACE.test(line.charAt(at))) at++
    if (at === line.length) return words
    let word = ''
    while (at < line.length && !SPACE.test(line.charAt(at))) {
      const quote = line.charAt(at)
      if (quote !== '"' && quote !== "'") {
        word += quote
        at++
        continue
      }
      const quoted = quote === '"' ? doubleQuoted(line, at + 1) : singleQuoted(line, at + 1)
      if (quoted === undefined) return undefined
      word += quoted.text
      at = quoted.end
      // Nothing but a space may follow.
      if (at < line.length && !SPACE.test(line.charAt(at))) return undefined
    }
    words.push(word)
  }
}

/** The text up to the closing quote, and where it ends; undefined without that. */
type Quoted = { text: string; end: number } | undefined

function doubleQuoted(line: string, start: number): Quoted {
  let text = ''
  for (let at = start; at < line.length; at++) {
    const character = line.charAt(at)
    if (character === '"') return { text, end: at + 1 }
    if (character !== '\\' || at + 1 === line.length) {
      text += character
      continue
    }
    const hex = /^x([\da-f]{2})/i.exec(line.slice(at + 1, at + 4))?.[1]
    if (hex !== undefined) {
      text += String.fromCharCode(Number.parseInt(hex, 16))
      at += 3
    } else {
      const escaped = line.charAt(++at)
      text += ESCAPES[escaped] ?? escaped
    }
  }
  return undefined
}

function singleQuoted(line: string, start: number): Quoted {
  let text = ''
  for (let at = start; at < line.length; at++) {
    const character = line.charAt(at)
    if (character === "'") return { text, end: at + 1 }
    if (character === '\\' && line.charAt(at + 1) === "'") at++
    text += line.charAt(at)
  }
  return undefined
}
