// The release script, in repositories that are made for each test. Their .ci/run and their npm are programs of a line.

import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import t, { type Test } from 'tap'
import { root } from '../support/program.js'

const CHANGELOG =
  '# Changelog\n\n## [Unreleased]\n\n### Fixed\n\n- A line that a user reads.\n\n## [0.1.0] - 2026-01-01\n\n- The first one.\n'

interface Ran {
  status: number | null
  stdout: string
  stderr: string
}

/** A repository whose checks are `checks`, on main, with the version 0.1.0. */
function repository(t: Test, checks = 'exit 0'): { path: string; git(...args: string[]): string; release(...args: string[]): Ran } {
  const path = t.testdir({
    '.ci': { run: checks },
    bin: { npm: '#!/bin/sh\necho "npm $*"\n' },
    'package.json': '{\n  "name": "linnet",\n  "version": "0.1.0",\n  "type": "module"\n}\n',
    'package-lock.json': `${JSON.stringify({ version: '0.1.0', packages: { '': { version: '0.1.0' }, other: { version: '0.1.0' } } })}\n`,
    'CHANGELOG.md': CHANGELOG,
  })
  mkdirSync(join(path, 'scripts'))
  copyFileSync(join(root, 'scripts/release.js'), join(path, 'scripts/release.js'))
  execFileSync('chmod', ['+x', join(path, 'bin/npm')])
  // No settings of this machine: hooks, signatures, the name of the first branch.
  const { NODE_OPTIONS: _, ...rest } = process.env
  const env = {
    ...rest,
    ...{ GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null', GIT_CEILING_DIRECTORIES: join(path, '..') },
    ...{ GIT_AUTHOR_NAME: 'A', GIT_AUTHOR_EMAIL: 'a@localhost', GIT_COMMITTER_NAME: 'A', GIT_COMMITTER_EMAIL: 'a@localhost' },
    PATH: `${join(path, 'bin')}${delimiter}${process.env['PATH']}`,
  }
  const git = (...args: string[]): string => execFileSync('git', args, { cwd: path, env, encoding: 'utf8' }).trim()
  const release = (...args: string[]): Ran =>
    spawnSync(process.execPath, [join(path, 'scripts/release.js'), ...args], { cwd: path, env, encoding: 'utf8' })
  git('init', '--quiet', '--initial-branch=main')
  git('add', '.')
  git('commit', '--quiet', '--message', 'Begin')
  return { path, git, release }
}

const text = (path: string, file: string): string => readFileSync(join(path, file), 'utf8')

t.test('a release writes the version into three files, and commits and tags them', async (t) => {
  const { path, git, release } = repository(t)
  const { status, stderr } = release('0.2.0')
  t.equal(status, 0, stderr)
  t.equal(JSON.parse(text(path, 'package.json')).version, '0.2.0')
  t.same(JSON.parse(text(path, 'package-lock.json')), {
    version: '0.2.0',
    packages: { '': { version: '0.2.0' }, other: { version: '0.1.0' } },
  })
  const today = new Date().toISOString().slice(0, 10)
  t.match(text(path, 'CHANGELOG.md'), `## [Unreleased]\n\n## [0.2.0] - ${today}\n\n### Fixed\n\n- A line that a user reads.\n\n## [0.1.0]`)
  t.equal(git('status', '--porcelain'), '')
  t.equal(git('log', '-1', '--format=%s'), 'Release 0.2.0')
  t.equal(git('tag', '--points-at', 'HEAD'), 'v0.2.0')
  t.equal(git('tag', '--list', '--format=%(contents)', 'v0.2.0'), 'linnet 0.2.0\n\n### Fixed\n\n- A line that a user reads.')
})

t.test('the checks run on the files as they are released', async (t) => {
  const { release } = repository(t, 'grep -q \'"version": "0.2.0"\' package.json && grep -q "\\[0.2.0\\] - " CHANGELOG.md')
  t.equal(release('0.2.0').status, 0)
})

t.test('a release whose checks fail leaves nothing behind', async (t) => {
  const { path, git, release } = repository(t, 'exit 1')
  const { status, stderr } = release('0.2.0')
  t.equal(status, 1)
  t.match(stderr, '.ci/run failed')
  t.equal(git('status', '--porcelain'), '')
  t.equal(git('tag', '--list'), '')
  t.equal(text(path, 'CHANGELOG.md'), CHANGELOG)
})

t.test('checks that change another file stop a release before its commit', async (t) => {
  const { git, release } = repository(t, 'echo more >> bin/npm')
  const { status, stderr } = release('0.2.0')
  t.equal(status, 1)
  t.match(stderr, 'bin/npm')
  t.equal(git('tag', '--list'), '')
  t.equal(git('log', '-1', '--format=%s'), 'Begin')
})

t.test('a dry run changes nothing and runs no checks', async (t) => {
  const { git, release } = repository(t, 'exit 1')
  t.equal(release('0.2.0', '--dry-run').status, 0)
  t.equal(git('status', '--porcelain'), '')
  t.equal(git('tag', '--list'), '')
})

t.test('the first release has the version that package.json has', async (t) => {
  const { git, release } = repository(t)
  t.equal(release('0.1.0', '--dry-run').status, 0)
  git('tag', 'v0.1.0')
  const { status, stderr } = release('0.1.0', '--dry-run')
  t.equal(status, 1)
  t.match(stderr, 'There is a tag v0.1.0')
})

t.test('a release refuses whatever it cannot be sure of', async (t) => {
  const { path, git, release } = repository(t)
  const refused = (reason: string | RegExp, ...args: string[]): void => {
    const { status, stderr } = release(...args)
    t.equal(status, 1, args.join(' '))
    t.match(stderr, reason)
  }
  refused('VERSION [--dry-run]')
  refused('VERSION [--dry-run]', '0.2.0', '--publish')
  refused('--force', '0.2.0', '--force')
  refused('is not a version', 'v0.2.0')
  refused('0.0.9 is lower than 0.1.0', '0.0.9')
  refused('0.1.0-rc.1 is lower than 0.1.0', '0.1.0-rc.1')
  writeFileSync(join(path, 'new.txt'), '')
  refused('new.txt', '0.2.0')
  git('add', '.')
  git('commit', '--quiet', '--message', 'Add')
  git('checkout', '--quiet', '-b', 'topic')
  refused('topic is checked out', '0.2.0')
  git('checkout', '--quiet', 'main')
  writeFileSync(join(path, 'CHANGELOG.md'), CHANGELOG.replace('- A line that a user reads.\n', ''))
  git('commit', '--quiet', '--all', '--message', 'Forget')
  refused('no entry', '0.2.0')
})

t.test('versions are ordered as SemVer orders them', async (t) => {
  const { path, git, release } = repository(t)
  const ascending = ['0.1.9-rc.2', '0.1.9-rc.10', '0.1.9', '0.1.10']
  for (const [at, version] of ascending.entries()) {
    writeFileSync(join(path, 'package.json'), `{ "type": "module", "version": "${version}" }\n`)
    git('commit', '--quiet', '--all', '--message', version)
    const lower = ascending[at - 1]
    const higher = ascending[at + 1]
    if (lower !== undefined) t.equal(release(lower, '--dry-run').status, 1, `${lower} after ${version}`)
    if (higher !== undefined) t.equal(release(higher, '--dry-run').status, 0, `${higher} after ${version}`)
  }
})

t.test('only the tagged commit of a version is published, a candidate as next', async (t) => {
  const { git, release } = repository(t)
  t.match(release('--publish').stderr, 'no tag v0.1.0')
  for (const [version, tag] of [
    ['0.2.0-rc.1', 'next'],
    ['0.2.0', 'latest'],
  ] as const) {
    git('commit', '--quiet', '--allow-empty', '--message', 'More')
    if (version === '0.2.0') {
      writeFileSync(join(git('rev-parse', '--show-toplevel'), 'CHANGELOG.md'), CHANGELOG)
      git('commit', '--quiet', '--all', '--message', 'Describe')
    }
    t.equal(release(version).status, 0, version)
    const { status, stdout } = release('--publish')
    t.equal(status, 0)
    t.equal(stdout, `npm publish --tag ${tag}\n`)
  }
  git('commit', '--quiet', '--allow-empty', '--message', 'Behind it')
  t.match(release('--publish').stderr, 'no tag v0.2.0')
})
