// Brings a fresh clone to life: installs what the lock file asks for when it is not there yet, builds the studio when
// its sources changed, and hands over to the project's own Node. It must itself run on any Node from 18 on, with no
// dependencies.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const node = join(root, 'node_modules/node/bin/node')
const nodeFlags = ['--disable-warning=ExperimentalWarning']

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest('hex')
const read = (path) => (existsSync(path) ? readFileSync(path, 'utf8') : '')

/** The packages of a lock file by their folder, each with its version; npm keeps one of what it installed. */
function lockedPackages(path) {
  try {
    return JSON.parse(read(path)).packages ?? {}
  } catch {
    return {}
  }
}

/** Whether what npm says it installed is what package-lock.json asks for, whoever ran npm. */
function isInstalled() {
  const there = lockedPackages(join(root, 'node_modules/.package-lock.json'))
  return Object.entries(lockedPackages(join(root, 'package-lock.json'))).every(
    ([folder, { version, optional }]) =>
      folder === '' || there[folder]?.version === version || (optional && !there[folder]),
  )
}

/** Installs exactly what package-lock.json says, unless it is there. */
function install() {
  if (existsSync(node) && isInstalled()) return
  process.stderr.write('Installing dependencies (once, about half a minute) …\n')
  const npm = process.env.npm_execpath
  const [command, prefix] = npm ? [process.execPath, [npm]] : ['npm', []]
  const result = spawnSync(command, [...prefix, 'ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  if (result.status !== 0 || !existsSync(node)) {
    process.stderr.write(
      'The install did not finish. Check that the npm registry is reachable, then run the same command again.\n',
    )
    process.exit(1)
  }
}

/** Every file below a folder, in a fixed order. */
function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => (entry.isDirectory() ? filesBelow(join(folder, entry.name)) : [join(folder, entry.name)]))
}

/** Builds the studio into dist/web when its sources or dependencies differ from those of the last build. */
function buildStudio() {
  const stamp = join(root, 'dist/.web-sources')
  const sources = filesBelow(join(root, 'web')).flatMap((path) => [path.slice(root.length), readFileSync(path)])
  const wanted = sha256(readFileSync(join(root, 'package-lock.json')), ...sources)
  if (existsSync(join(root, 'dist/web/index.html')) && read(stamp) === wanted) return
  process.stderr.write('Building the studio …\n')
  const vite = join(root, 'node_modules/vite/bin/vite.js')
  const result = spawnSync(node, [vite, 'build', join(root, 'web'), '--logLevel', 'error'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  if (result.status !== 0) process.exit(1)
  mkdirSync(join(root, 'dist'), { recursive: true })
  writeFileSync(stamp, wanted)
}

/** Runs a script on the project's Node, passing signals on and ending as it ends. */
function handOver(script, args, cwd = root) {
  const path = [join(root, 'node_modules/.bin'), process.env.PATH].join(':')
  const child = spawn(node, [...nodeFlags, script, ...args], {
    cwd,
    stdio: 'inherit',
    env: { ...process.env, PATH: path },
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal ?? 'SIGTERM'] ?? 15)))
}

const [command, ...args] = process.argv.slice(2)
const main = join(root, 'src/cli/main.ts')
// npm runs scripts in the package's folder; paths that a person types are relative to where they are.
const callersFolder = process.env.INIT_CWD ?? process.cwd()
install()
switch (command) {
  case 'start':
    buildStudio()
    handOver(main, ['start', ...args], callersFolder)
    break
  case 'run':
    handOver(main, args, callersFolder)
    break
  case 'test':
    buildStudio()
    handOver(join(root, 'scripts/test.ts'), args)
    break
  case 'bench': {
    const [name, ...rest] = args
    const benches = readdirSync(join(root, 'bench'))
      .filter((file) => file.endsWith('.ts') && !file.includes('.test.'))
      .map((file) => file.slice(0, -3))
    if (!name || !benches.includes(name)) {
      process.stderr.write(`Which bench? npm run bench -- NAME, one of: ${benches.join(', ')}\n`)
      process.exit(2)
    }
    handOver(join(root, `bench/${name}.ts`), rest)
    break
  }
  default:
    process.stderr.write('usage: node scripts/bootstrap.mjs start|run|test|bench [arguments]\n')
    process.exit(2)
}
