// Makes a release of main: writes the version into package.json, package-lock.json and CHANGELOG.md, runs .ci/run on the
// result, commits it and tags it. It pushes nothing, and it publishes only with `--publish`. docs/releasing.md has the steps.
//
//   node scripts/release.js 0.2.0             makes the commit and the tag
//   node scripts/release.js 0.2.0 --dry-run   checks whether it could, and changes nothing
//   node scripts/release.js --publish         publishes the release that is checked out

import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

const USAGE = 'node scripts/release.js VERSION [--dry-run], or node scripts/release.js --publish'
const WRITTEN = ['package.json', 'package-lock.json', 'CHANGELOG.md']
const UNRELEASED = '## [Unreleased]'
/** Semantic Versioning 2.0.0 without build metadata, which npm ignores. */
const VERSION = /^(\d+)\.(\d+)\.(\d+)(?:-([0-9a-z.-]+))?$/i

const root = resolve(import.meta.dirname, '..')

class Refusal extends Error {}

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { 'dry-run': { type: 'boolean' }, publish: { type: 'boolean' } },
  })
  if (values.publish && positionals.length === 0) publish()
  else if (!values.publish && positionals.length === 1) release(positionals[0], values['dry-run'] ?? false)
  else throw new Refusal(USAGE)
} catch (error) {
  if (!(error instanceof Refusal || error.code?.startsWith('ERR_PARSE_ARGS'))) throw error
  console.error(error.message)
  process.exitCode = 1
}

function release(version, dryRun) {
  requireCleanTree()
  const branch = git('rev-parse', '--abbrev-ref', 'HEAD')
  if (branch !== 'main') throw new Refusal(`A release is made of main, and ${branch} is checked out.`)
  const current = currentVersion()
  if (!VERSION.test(version)) throw new Refusal(`${version} is not a version as in 1.2.3 or 1.2.3-rc.1.`)
  if (git('tag', '--list', `v${version}`) !== '') throw new Refusal(`There is a tag v${version}.`)
  // The first release has the version that package.json has had all along.
  if (version !== current && compare(version, current) < 0) throw new Refusal(`${version} is lower than ${current} of package.json.`)
  const changelog = read('CHANGELOG.md')
  const notes = sectionOf(changelog, UNRELEASED)
  if (!/^- /m.test(notes)) throw new Refusal(`CHANGELOG.md has no entry under ${UNRELEASED}.`)
  if (dryRun) return console.log(`${version} can be released.`)

  write('package.json', replaceOnce(read('package.json'), `"version": "${current}"`, `"version": "${version}"`))
  write('package-lock.json', lockWith(version))
  const date = new Date().toISOString().slice(0, 10)
  write('CHANGELOG.md', replaceOnce(changelog, UNRELEASED, `${UNRELEASED}\n\n## [${version}] - ${date}`))
  if (spawnSync('bash', ['.ci/run'], { cwd: root, stdio: 'inherit' }).status !== 0) {
    git('checkout', '--', ...WRITTEN)
    throw new Refusal('.ci/run failed. The files are as they were, and there is no tag.')
  }
  const changed = git('status', '--porcelain')
    .split('\n')
    .map((line) => line.trim().split(' ').at(-1))
  const others = changed.filter((file) => file !== '' && !WRITTEN.includes(file))
  if (others.length > 0) throw new Refusal(`.ci/run changed ${others.join(', ')}. There is no commit and no tag.`)
  git('commit', '--quiet', '--message', `Release ${version}`, '--', ...WRITTEN)
  // Lines of the notes that begin with # are headings, not comments.
  git('tag', '--annotate', '--cleanup=whitespace', '--message', `linnet ${version}\n\n${notes}`, `v${version}`)
  console.log(`v${version} is tagged. To hand it on: git push --atomic origin main v${version}`)
}

function publish() {
  requireCleanTree()
  const version = currentVersion()
  const tags = git('tag', '--points-at', 'HEAD').split('\n')
  if (!tags.includes(`v${version}`)) throw new Refusal(`The commit that is checked out has no tag v${version}.`)
  if (!read('CHANGELOG.md').includes(`\n## [${version}] - `)) throw new Refusal(`CHANGELOG.md has no section for ${version}.`)
  // `latest` is what `npm install linnet` installs.
  const tag = VERSION.exec(version)?.[4] === undefined ? 'latest' : 'next'
  const { status, error } = spawnSync('npm', ['publish', '--tag', tag], { cwd: root, stdio: 'inherit' })
  if (error !== undefined) throw error
  process.exitCode = status ?? 1
}

function requireCleanTree() {
  const status = git('status', '--porcelain')
  if (status !== '') throw new Refusal(`The work tree has changes that are not committed:\n${status}`)
}

function currentVersion() {
  return JSON.parse(read('package.json')).version
}

/** The text of the lock with the version in its two places. */
function lockWith(version) {
  const lock = JSON.parse(read('package-lock.json'))
  lock.version = version
  lock.packages[''].version = version
  return `${JSON.stringify(lock, undefined, 2)}\n`
}

/** What stands below a heading of the second level, up to the next one. */
function sectionOf(text, heading) {
  const start = text.indexOf(`\n${heading}\n`)
  if (start < 0) throw new Refusal(`CHANGELOG.md has no heading '${heading}'.`)
  const rest = text.slice(start + heading.length + 2)
  const end = rest.search(/^## /m)
  return (end < 0 ? rest : rest.slice(0, end)).trim()
}

/** Negative where `a` comes before `b`. A prerelease comes before its release; two of one release are compared by npm's rules. */
function compare(a, b) {
  const [first, second] = [a, b].map((version) => VERSION.exec(version).slice(1))
  for (let part = 0; part < 3; part++) if (first[part] !== second[part]) return Number(first[part]) - Number(second[part])
  if (first[3] === second[3]) return 0
  if (first[3] === undefined) return 1
  if (second[3] === undefined) return -1
  return first[3].localeCompare(second[3], 'en', { numeric: true })
}

function replaceOnce(text, from, to) {
  if (text.split(from).length !== 2) throw new Refusal(`'${from}' does not stand once in its file.`)
  return text.replace(from, () => to)
}

function read(file) {
  return readFileSync(join(root, file), 'utf8')
}

function write(file, text) {
  writeFileSync(join(root, file), text)
}

function git(...args) {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim()
}
