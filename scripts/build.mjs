// Compiles the TypeScript sources into dist/ and makes the command executable.
// dist/ is rebuilt from nothing, so that a deleted source leaves no stale module behind.
import { spawnSync } from 'node:child_process'
import { chmodSync, rmSync } from 'node:fs'

rmSync('dist', { recursive: true, force: true })
const compiled = spawnSync(
  process.execPath,
  ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json'],
  {
    stdio: 'inherit',
  },
)
if (compiled.status !== 0) process.exit(compiled.status ?? 1)
chmodSync('dist/cli/main.js', 0o755)
