#!/usr/bin/env node
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const [major = 0] = process.versions.node.split('.').map(Number)
const pinned = fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url))
if (major >= 24) {
  const built = new URL('../dist/src/cli/main.js', import.meta.url)
  const sources = new URL('../src/cli/main.ts', import.meta.url)
  await import(existsSync(fileURLToPath(sources)) ? sources.href : built.href)
} else if (existsSync(pinned)) {
  const self = fileURLToPath(import.meta.url)
  process.exit(spawnSync(pinned, [self, ...process.argv.slice(2)], { stdio: 'inherit' }).status ?? 1)
} else {
  console.error(`penchant needs Node 24 or newer, and this is ${process.version}. Install it from https://nodejs.org.`)
  process.exit(2)
}
