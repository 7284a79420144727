import { Command, Option } from 'commander'
import pc from 'picocolors'
import packageJson from '../../../package.json' with { type: 'json' }
import type { LogLevel, RunningServer } from '../../serve/index.ts'
import { apiKeys } from '../api-keys.ts'
import { byteSize } from '../byte-size.ts'
import { dataFolder, withDataFolder } from '../data-folder.ts'
import { withExamples } from '../examples.ts'
import { exitCodes } from '../failure.ts'
import { loadAndShow, say } from '../shipped-data.ts'
import { wholeNumber } from '../whole-number.ts'

const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const

interface Options {
  readonly data?: string
  readonly host: string
  readonly port: number
  readonly open: boolean
  readonly apiKeyFile?: string
  readonly importLimit?: number
  readonly log?: LogLevel
}

/** Opens the studio where somebody sits before a screen; that it does not open is no reason to stop. */
async function openStudio(address: string): Promise<void> {
  const screen = process.platform !== 'linux' || Boolean(process.env['DISPLAY'] ?? process.env['WAYLAND_DISPLAY'])
  if (!process.stdout.isTTY || !screen || process.env['CI']) return
  try {
    const { default: open } = await import('open')
    const child = await open(address)
    child.on('error', () => {})
  } catch {
    // The address stands on the screen.
  }
}

/**
 * A second wish to stop that comes so soon is the first one over again: Ctrl-C reaches every process of the terminal,
 * and those above pass it on.
 */
const echoMs = 1_000

/** Settles when the person or the system wants the server to stop. A second wish ends it at once. */
function stopWanted(): Promise<void> {
  return new Promise((resolve) => {
    let asked: number | undefined
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(signal, () => {
        const now = performance.now()
        if (asked !== undefined && now - asked > echoMs) process.exit(exitCodes.interrupted)
        asked ??= now
        resolve()
      })
  })
}

/** `penchant start`: the server, the studio and the shipped data. */
export function startCommand(): Command {
  const command = withDataFolder(
    new Command('start').description('serve the studio and the HTTP interface, with real data to look at'),
  )
    .option('--port <number>', 'where to listen; 0 takes a free port', wholeNumber(0, 65_535), 7070)
    .option('--host <address>', 'whom to serve; anything but this machine needs API keys', '127.0.0.1')
    .option('--api-key-file <file>', 'API keys, one a line; $PENCHANT_API_KEYS holds some, commas between')
    .option('--import-limit <size>', 'how large an imported file may be (default: 2G)', byteSize)
    .option('--no-open', 'do not open the studio in a browser')
    .addOption(new Option('--log <level>', 'what to log of requests').choices(logLevels).default('warn'))
    .action(async (options: Options) => {
      const stop = stopWanted()
      const { serverLog, startServer } = await import('../../serve/index.ts')
      const folder = dataFolder(options)
      const keys = apiKeys(options.apiKeyFile)
      const server: RunningServer = await startServer({
        folder,
        host: options.host,
        port: options.port,
        keys,
        log: serverLog({ level: options.log ?? 'warn' }),
        ...(options.importLimit !== undefined && { limits: { importBytes: options.importLimit } }),
        load: loadAndShow,
      })
      say(`${pc.bold(pc.cyan('Penchant'))} ${packageJson.version} ${pc.dim(`· data in ${folder}`)}`)
      let stopping = false
      const loaded = server.loaded.then(
        async () => {
          say()
          say(`${pc.bold('Studio')}  ${pc.underline(server.address)}   ${pc.dim('Ctrl-C stops it')}`)
          if (keys.length > 0) say(pc.dim('It asks for an API key; when the browser asks for a name too, any will do.'))
          if (options.open) await openStudio(server.address)
        },
        (error: unknown) => {
          if (stopping) return
          const message = error instanceof Error ? error.message : String(error)
          process.stderr.write(`${pc.red('penchant:')} the shipped data could not be loaded: ${message}\n`)
          say(`${pc.bold('Studio')}  ${server.address} ${pc.dim('(without the shipped data)')}`)
        },
      )
      await stop
      stopping = true
      process.stderr.write(`${pc.dim('Stopping: finishing what is under way …')}\n`)
      await server.close()
      await loaded
    })
  return withExamples(
    command,
    [
      'penchant start',
      'penchant start --data ./data --port 0 --no-open',
      'penchant start --host 0.0.0.0 --api-key-file keys.txt',
    ],
    '0 stopped as asked, 1 it failed, 2 the port or the folder is taken, keys are missing, or wrong usage',
  )
}
