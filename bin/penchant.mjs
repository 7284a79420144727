#!/usr/bin/env node
// The command, on this Node if it is new enough, else on the one that the repository brings along. It must itself run
// on any Node from 18 on.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'

const [major = 0] = process.versions.node.split('.').map(Number)
const pinned = fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url))
if (major >= 24) {
  const built = new URL('../dist/src/cli/main.js', import.meta.url)
  const sources = new URL('../src/cli/main.ts', import.meta.url)
  await import(existsSync(fileURLToPath(sources)) ? sources.href : built.href)
} else if (existsSync(pinned)) {
  const child = spawn(pinned, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal ?? 'SIGTERM'] ?? 15)))
} else {
  console.error(`penchant needs Node 24 or newer, and this is ${process.version}. Install it from https://nodejs.org.`)
  process.exit(2)
}
