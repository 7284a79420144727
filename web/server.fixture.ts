import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A Penchant server of its own, as a person would start it, with an empty data folder. */
export interface StartedServer {
  /** Such as `http://127.0.0.1:40123`. */
  readonly address: string
  stop(): Promise<void>
}

const main = join(import.meta.dirname, '../src/cli/main.ts')
const patienceMs = 80_000

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve()
    else child.once('exit', () => resolve())
  })
}

/** Starts a server and waits until it says where it is. */
export async function startServer(): Promise<StartedServer> {
  const folder = mkdtempSync(join(tmpdir(), 'penchant-studio-'))
  const child = spawn(process.execPath, [main, 'start', '--port', '0', '--no-open', '--data', folder], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  const address = await new Promise<string>((resolve, reject) => {
    const give = (reason: string): void => reject(new Error(`${reason}; it said:\n${said}`))
    const timer = setTimeout(() => give('the server did not say where it is'), patienceMs)
    const listen = (chunk: Buffer): void => {
      said += chunk
      const [found] = /http:\/\/127\.0\.0\.1:\d+/.exec(said) ?? []
      if (!found) return
      clearTimeout(timer)
      resolve(found)
    }
    child.stdout.on('data', listen)
    child.stderr.on('data', listen)
    child.once('exit', (code) => {
      clearTimeout(timer)
      give(`the server ended with ${code}`)
    })
  })
  return {
    address,
    async stop() {
      child.kill('SIGTERM')
      await ended(child)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
