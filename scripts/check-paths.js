// Whether what the repository names is in the repository: the target of every relative link in a page, with its heading, and
// every path that prose or a comment names. A reader has nothing else. A decision record and the code that carries it out must
// name each other, and the list of records must have each record.
//
//   node scripts/check-paths.js

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { root } from './entries.js'

/** Not prose, or written by a tool. The changelog names files as they were, and one spec has sample output of the tests. */
const SKIPPED = /(^|\/)(package-lock\.json|CHANGELOG\.md|LICENSE|THIRD-PARTY)$|\.svg$|^bench\/results\.json$|^spec\/scripts\/failures/

/** Examples, and names of which only the ending varies (`bench/results.*`). */
const EXAMPLES = ['lib/name/index.ts', 'bench/results']

/** What is made by a build, and ignored by git. */
const MADE = /^(dist|build|docs\/reference|bench\/packages\/node_modules)\//

/** Where a reader is not. */
const ELSEWHERE = /(?<![\w.:/~-])(\/(?:work|root|home)\/[\w.-]+|(?:\.\.\/)+shared\/\S*)/g

const MENTION = /(?<![\w./:@$}-])((?:lib|spec|bench|docs|examples|scripts|\.ci|\.github|build)\/[\w./-]*[\w/])/g
const LINK = /\]\(([^()\s]+)\)/g

/** A decision record, the files that its last paragraph links, and the line of a comment that links the record. */
const RECORD = /^docs\/decisions\/(?!README)[\w-]+\.md$/
const CODE = /^\*\*Code\.\*\* (.*)$/m
const DECISION = /^\s*\/\/ Decision: (docs\/decisions\/[\w-]+\.md)$/gm

const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
  .trim()
  .split('\n')
const known = new Set(files)
for (const file of files) for (let folder = dirname(file); folder !== '.'; folder = dirname(folder)) known.add(folder)
const text = new Map(files.filter((file) => !SKIPPED.test(file)).map((file) => [file, readFileSync(join(root, file), 'utf8')]))

const wrong = []
for (const [file, content] of text) {
  const lines = content.split('\n')
  for (const [at, line] of lines.entries()) {
    const complain = (what) => wrong.push(`${file}:${at + 1}: ${what}`)
    for (const [path] of line.matchAll(ELSEWHERE)) complain(`${path} is not in the repository`)
    for (const [, path] of line.matchAll(MENTION)) if (!exists(path)) complain(`there is no ${path}`)
    if (file.endsWith('.md')) for (const [, target] of line.matchAll(LINK)) checkLink(file, target, complain)
  }
}
checkDecisions()
for (const line of wrong) console.log(line)
console.log(`${text.size} files, ${wrong.length} wrong`)
process.exitCode = wrong.length > 0 ? 1 : 0

function checkDecisions() {
  const decided = new Map()
  for (const [file, content] of text) for (const [, record] of content.matchAll(DECISION)) decided.set(`${file} ${record}`, false)
  for (const [record, content] of text) {
    if (!RECORD.test(record)) continue
    const code = Array.from((CODE.exec(content)?.[1] ?? '').matchAll(LINK), ([, target]) => posix.join(posix.dirname(record), target))
    if (code.length === 0) wrong.push(`${record}: no **Code.** that links the place of the decision`)
    for (const file of code) {
      if (decided.has(`${file} ${record}`)) decided.set(`${file} ${record}`, true)
      else wrong.push(`${file}: no comment line "Decision: ${record}", which links this file as its code`)
    }
    if (!text.get('docs/decisions/README.md').includes(`](${posix.basename(record)})`))
      wrong.push(`docs/decisions/README.md: no link to ${record}`)
  }
  for (const [pair, named] of decided) {
    const [file, record] = pair.split(' ')
    if (!named) wrong.push(`${file}: ${record} does not link this file as its code`)
  }
}

/** Whether there is a file or folder of that name, a source of a built file, or a spec for a name as known/ has it. */
function exists(path) {
  const clean = path.replace(/\/$/, '').replace(/\.$/, '')
  if (EXAMPLES.includes(clean) || known.has(clean) || known.has(`spec/${clean}.spec.ts`)) return true
  const source = clean.replace(/^build\//, '').replace(/(\.d)?\.[jt]s$/, '.ts')
  return MADE.test(`${clean}/`) && (known.has(source) || !/^build\/(lib|spec|examples)\//.test(clean))
}

function checkLink(file, target, complain) {
  if (/^[a-z]+:/.test(target)) return
  const [path, heading] = target.split('#')
  const page = path === '' ? file : posix.join(posix.dirname(file), path)
  if (!known.has(page.replace(/\/$/, ''))) complain(`the link ${target} leads nowhere`)
  else if (heading !== undefined && !headingsOf(page).includes(heading)) complain(`${page} has no heading #${heading}`)
}

/** The headings of a page as links name them. */
function headingsOf(page) {
  const headings = (text.get(page) ?? '').replace(/^```.*?^```$/gms, '').matchAll(/^#+ (.*)$/gm)
  return Array.from(headings, ([, title]) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}
