// Finds the words that CONTRIBUTING.md bans ("How we write") in the comments of the code, in the titles of the tests and in the
// pages of documentation, and links to files that do not exist. It prints `file:line`, the word, and what to write instead. Code,
// code spans and strings other than titles are not prose and are skipped.
//
//   node scripts/check-prose.js [--all | path …]
//
// Without an argument it prints the findings of a folder only if there are more of them than its budget. `--all` prints all
// findings, a path those of the files below it.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from './entries.js'

// The findings that each folder may have: none. A folder that is added with findings gets a number, which may only be lowered.
const budgets = { lib: 0, spec: 0, bench: 0, examples: 0, scripts: 0, docs: 0, pages: 0 }

const pages = ['README.md', 'SECURITY.md', 'CONTRIBUTING.md']
const folders = ['lib', 'spec', 'bench', 'examples', 'scripts', 'docs']
// Packages of others, results, and the declarations that check:api writes.
const skipped = /(^|\/)(node_modules|reference|api\.md|results\.md)(\/|$)/

// What comes before a title: a call of tap, or of a helper of the specs that makes one test for each carrier, kind or row.
const TITLE = /\b(?:(?:test|skip|todo|says|tells|rule|both|everyKind)\(|(?:everywhere|overEach|table)\(t,)\s*$/
// A comment (neighbouring lines of `//` as one), else a string, a template or a pattern, whose text is no comment.
const inSlashes =
  /\/\*[\s\S]*?\*\/|\/\/.*(?:\n[ \t]*\/\/.*)*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[\s\S]|[^`\\])*`|(?<=[(,=:[!&|?{};]\s*)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\//g
const inHashes = /(?<=^|\s)#.*/gm
const languages = { ts: inSlashes, js: inSlashes, mjs: inSlashes, c: inSlashes, h: inSlashes, go: inSlashes, py: inHashes, sh: inHashes }

/** The words of the table, each with its pattern and what to write instead. A line break within a phrase does not hide it. */
function banList() {
  const contributing = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8')
  const table = /\| banned \| instead \|\n\|.*\|\n((?:\|.*\|\n)+)/.exec(contributing)?.[1]
  if (table === undefined) throw new Error('CONTRIBUTING.md has no table of banned words')
  return table.split('\n').flatMap((row) => {
    const [, words = '', instead = ''] = row.split('|')
    return [...words.matchAll(/`([^`]+)`/g)].map(([, word]) => {
      const pattern = word.split(' ').join('[\\s*/#]+')
      return { word, instead: instead.trim(), pattern: new RegExp(`(?<![\\w-])${pattern}(?![\\w-])`, 'gi') }
    })
  })
}

/** The prose of a file: its text with everything else blanked, so that offsets and lines stay the same. */
function proseOf(file, text) {
  const extension = file.slice(file.lastIndexOf('.') + 1)
  if (extension !== 'md') return withoutCode(commentsOf(text, languages[extension]))
  const fenced = text.replace(/^```(\w*)\n([\s\S]*?)^```$/gm, (block, language) =>
    languages[language] === undefined
      ? blank(block)
      : commentsOf(block.slice(0, 3).replace(/`/g, ' ') + block.slice(3), languages[language]),
  )
  return withoutCode(fenced)
}

function commentsOf(text, tokens) {
  let prose = ''
  let end = 0
  for (const { 0: token, index } of text.matchAll(tokens)) {
    prose += blank(text.slice(end, index))
    const isTitle = TITLE.test(text.slice(Math.max(0, index - 30), index))
    // Without its quotes, so that a title in backticks is no code span.
    if (isTitle && /^['"`]/.test(token)) prose += ` ${token.slice(1, -1)} `
    else prose += /^(?:\/[*/]|#)/.test(token) ? token : blank(token)
    end = index + token.length
  }
  return prose + blank(text.slice(end))
}

const withoutCode = (text) => text.replace(/`[^`\n]+`/g, blank)
const blank = (text) => text.replace(/[^\n]/g, ' ')

function filesBelow(folder) {
  const paths = readdirSync(join(root, folder), { recursive: true }).map((path) => `${folder}/${path}`)
  return paths.filter(
    (path) => !skipped.test(path) && (/\.md$/.test(path) || languages[path.slice(path.lastIndexOf('.') + 1)] !== undefined),
  )
}

function findingsIn(file, banned) {
  const text = readFileSync(join(root, file), 'utf8')
  const prose = proseOf(file, text)
  const findings = banned.flatMap(({ word, instead, pattern }) => {
    return [...prose.matchAll(pattern)].map(({ index }) => ({ line: text.slice(0, index).split('\n').length, word, instead }))
  })
  findings.push(...brokenLinksIn(file, text))
  return findings.sort((a, b) => a.line - b.line).map(({ line, word, instead }) => `${file}:${line}: "${word}": ${instead}`)
}

/** The relative links of a page, and the pages that code names by their path, whose files do not exist. */
function brokenLinksIn(file, text) {
  const isPage = file.endsWith('.md')
  const links = text.matchAll(isPage ? /\]\((?![a-z]+:|#)([^)#\s]+)/g : /\b(docs\/(?:decisions|guide)\/[\w-]+\.md)/g)
  return [...links]
    .filter(([, path]) => !existsSync(join(root, isPage ? dirname(file) : '.', path)))
    .map(({ 1: path, index }) => ({ line: text.slice(0, index).split('\n').length, word: path, instead: 'a file that exists' }))
}

const asked = process.argv.slice(2)
const banned = banList()
for (const [room, budget] of Object.entries(budgets)) {
  const files = room === 'pages' ? pages : folders.includes(room) ? filesBelow(room).sort() : []
  const findings = files.flatMap((file) => findingsIn(file, banned))
  const isOver = findings.length > budget
  for (const finding of findings) {
    if (isOver || asked.includes('--all') || asked.some((path) => finding.startsWith(path))) console.log(finding)
  }
  console.log(`${room}: ${findings.length} found, at most ${budget} allowed${findings.length < budget ? ': lower the budget' : ''}`)
  if (isOver) process.exitCode = 1
}
