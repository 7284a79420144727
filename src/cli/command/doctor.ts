import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { availableParallelism, cpus, freemem, totalmem } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Command } from 'commander'
import pc from 'picocolors'
import { dataFolder, withDataFolder } from '../data-folder.ts'
import { withExamples } from '../examples.ts'
import { exitCodes, lineOf } from '../failure.ts'

/** One thing looked at: what was found, and what to do when it is not well. */
export interface Finding {
  readonly name: string
  readonly ok: boolean
  /** Whether Penchant works without it. */
  readonly optional: boolean
  readonly found: string
  readonly advice?: string
}

const gibibytes = (bytes: number): string => `${(bytes / 1024 ** 3).toFixed(1)} GiB`

function node(): Finding {
  const ok = Number(process.versions.node.split('.')[0]) >= 24
  return {
    name: 'Node.js',
    ok,
    optional: false,
    found: process.version,
    ...(!ok && { advice: 'Penchant needs 24 or newer: https://nodejs.org' }),
  }
}

function machine(): readonly Finding[] {
  const memory = totalmem()
  const ok = memory >= 2 * 1024 ** 3
  return [
    {
      name: 'Processor',
      ok: true,
      optional: false,
      found: `${availableParallelism()} cores, ${cpus()[0]?.model.trim() || process.arch}`,
    },
    {
      name: 'Memory',
      ok,
      optional: false,
      found: `${gibibytes(memory)}, ${gibibytes(freemem())} free`,
      ...(!ok && { advice: 'training needs 2 GiB or more' }),
    },
  ]
}

async function numerics(): Promise<Finding> {
  const name = 'ONNX Runtime'
  const advice = 'install onnxruntime-node anew: npm ci'
  try {
    const { listSupportedBackends } = await import('onnxruntime-node')
    const usable = listSupportedBackends()
      .filter(({ bundled }) => bundled)
      .map(({ name }) => name)
    const ok = usable.includes('cpu')
    return { name, ok, optional: false, found: `providers ${usable.join(', ') || 'none'}`, ...(!ok && { advice }) }
  } catch (error) {
    return { name, ok: false, optional: false, found: `does not load: ${lineOf(error)}`, advice }
  }
}

function sqlite(folder: string): Finding {
  const name = 'SQLite'
  let made: string | undefined
  try {
    made = mkdirSync(folder, { recursive: true })
    const trial = mkdtempSync(join(folder, 'doctor-'))
    const database = new DatabaseSync(join(trial, 'trial.sqlite'))
    try {
      database.exec('PRAGMA journal_mode = WAL; CREATE TABLE written (what TEXT)')
      database.prepare('INSERT INTO written VALUES (?)').run('read back')
      const row = database.prepare('SELECT what, sqlite_version() AS version FROM written').get()
      const ok = row?.['what'] === 'read back'
      return { name, ok, optional: false, found: `${String(row?.['version'])}, wrote to ${folder}` }
    } finally {
      database.close()
      rmSync(trial, { recursive: true, force: true })
    }
  } catch (error) {
    return {
      name,
      ok: false,
      optional: false,
      found: `cannot write to ${folder}: ${lineOf(error)}`,
      advice: 'choose another folder with --data',
    }
  } finally {
    // A look leaves no trace: `made` is the topmost folder that was not there before.
    if (made !== undefined) rmSync(made, { recursive: true, force: true })
  }
}

/** The folder itself, or the nearest one above it that is there. */
function nearest(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : nearest(dirname(folder))
}

function disk(folder: string): Finding {
  try {
    const { bavail, bsize } = statfsSync(nearest(folder))
    const free = bavail * bsize
    const ok = free >= 1024 ** 3
    return {
      name: 'Disk',
      ok,
      optional: false,
      found: `${gibibytes(free)} free at ${folder}`,
      ...(!ok && { advice: 'make room, or choose another folder with --data' }),
    }
  } catch {
    return { name: 'Disk', ok: false, optional: false, found: `cannot look at ${folder}`, advice: 'check the folder' }
  }
}

/** Where Chromium or Chrome is, by the environment, the usual names and the usual places. */
function chromiumPath(): string | undefined {
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome']
  const places = [
    process.env['CHROME_PATH'] ?? '',
    ...(process.env['PATH'] ?? '').split(delimiter).flatMap((folder) => names.map((name) => join(folder, name))),
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
  ]
  return places.find((path) => {
    if (path === '' || !existsSync(path)) return false
    try {
      accessSync(path, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

function chromium(): Finding {
  const path = chromiumPath()
  return {
    name: 'Chromium',
    ok: path !== undefined,
    optional: true,
    found: path ?? 'not found',
    ...(path === undefined && { advice: 'only the studio’s own tests need it: apt install chromium' }),
  }
}

/** Looks at everything Penchant stands on. */
export async function examine(folder: string): Promise<readonly Finding[]> {
  return [node(), ...machine(), await numerics(), sqlite(folder), disk(folder), chromium()]
}

/** `penchant doctor`: whether this machine has what Penchant needs. */
export function doctorCommand(): Command {
  const command = withDataFolder(new Command('doctor').description('check that this machine has what Penchant needs'))
    .option('--json', 'print {ok, findings: [{name, ok, optional, found, advice}]}')
    .action(async (options: { readonly json?: boolean; readonly data?: string }) => {
      const findings = await examine(dataFolder(options))
      const ok = findings.every((finding) => finding.ok || finding.optional)
      if (options.json) process.stdout.write(`${JSON.stringify({ ok, findings }, undefined, 2)}\n`)
      else
        for (const finding of findings) {
          const mark = finding.ok ? pc.green('✓') : finding.optional ? pc.yellow('–') : pc.red('✗')
          const advice = finding.advice ? pc.dim(` (${finding.advice})`) : ''
          process.stdout.write(`${mark} ${finding.name.padEnd(13)} ${finding.found}${advice}\n`)
        }
      process.exitCode = ok ? exitCodes.fine : exitCodes.failed
    })
  return withExamples(
    command,
    ['penchant doctor', 'penchant doctor --json'],
    '0 all is well, 1 something needed is missing, 2 wrong usage',
  )
}
