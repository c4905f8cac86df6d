// Extracts the code of the documentation, so that it can be compiled and run. Three kinds of fenced blocks are used:
//   ```ts       with an import first: a program. It runs and must exit with code 0. If a console block follows, it is a server, and
//               the commands of that block run while it listens.
//   ```ts       otherwise: an excerpt, compiled with all names of linnet imported, and with variables `connection` and `server`.
//   ```console  commands (`$ …`) and their exact output. They belong to the program before them.

import { readFileSync } from 'node:fs'
import { basename } from 'node:path'

/**
 * @typedef {{ name: string, source: string, program: boolean, dialogue: { command: string, output: string }[] }} Block
 * @param {string} file a page of Markdown
 * @returns {Block[]}
 */
export function blocksOf(file) {
  const page = basename(file, '.md').toLowerCase()
  /** @type {Block[]} */
  const blocks = []
  const text = readFileSync(file, 'utf8')
  for (const { index, 1: language, 2: source } of text.matchAll(/^```(ts|console)\n(.*?)^```$/gms)) {
    if (language === 'ts') {
      const line = text.slice(0, index).split('\n').length
      blocks.push({ name: `${page}-${line}`, source, program: source.startsWith('import '), dialogue: [] })
    } else blocks.at(-1)?.dialogue.push(...dialogueOf(source))
  }
  return blocks
}

/** @param {string} source */
function dialogueOf(source) {
  return source
    .split(/^\$ /m)
    .slice(1)
    .map((entry) => ({ command: entry.slice(0, entry.indexOf('\n')), output: entry.slice(entry.indexOf('\n') + 1) }))
}

/**
 * Makes a module from an excerpt.
 * @param {string} source
 * @param {string[]} names the exports of linnet
 */
export function moduleOf(source, names) {
  const preamble = `import { ${names.join(', ')} } from 'linnet'; declare const connection: Connection; declare const server: Server`
  return `${preamble}\n{\n${source}}\n`
}
