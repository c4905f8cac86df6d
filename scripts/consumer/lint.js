// Runs typescript-eslint's recommendedTypeChecked on the programs of the README. A user who writes such a program would have to
// disable each rule that reports a problem here.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { addCopy, project, result, run } from './tools.js'

const CONFIG = `
  import tseslint from 'typescript-eslint'
  export default tseslint.config(...tseslint.configs.recommendedTypeChecked, {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
  })
`

export async function checkLint(library, modules) {
  const { path, wrong } = await project('lint', 'eslint@^10', 'typescript-eslint@^8', 'typescript@~6.0', '@types/node@22')
  if (wrong !== undefined) return result('typescript-eslint can be installed', wrong)
  addCopy(path, 'linnet', library)
  const programs = modules.filter(({ file, program }) => program && file.startsWith('readme-'))
  for (const { file, source } of programs) writeFileSync(join(path, file), source)
  writeFileSync(join(path, 'eslint.config.js'), CONFIG)
  const compilerOptions = { target: 'es2023', module: 'nodenext', types: ['node'], strict: true, noEmit: true }
  writeFileSync(join(path, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }))
  const files = programs.map(({ file }) => file)
  const lint = await run(path, process.execPath, ['node_modules/eslint/bin/eslint.js', '--max-warnings=0', ...files])
  result(`typescript-eslint reports no problem in the ${files.length} programs of the README`, lint.wrong)
}
