import { mkdirSync } from 'node:fs'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createAdaptorServer } from '@hono/node-server'
import type { Logger } from 'pino'
import { createApp } from './app.ts'
import { openBackground } from './background.ts'
import { openBoards } from './boards.ts'
import { openDials } from './dials.ts'
import { isLoopback } from './guard.ts'
import { openJobs } from './jobs.ts'
import { lockFolder } from './lock.ts'
import { openPeople } from './people.ts'
import { openRecommenders } from './recommenders.ts'
import { defaultLimits, type Limits, type Readiness, type Service } from './service.ts'

export interface ServerOptions {
  /** The data folder; made when it is not there. */
  readonly folder: string
  /** Default 127.0.0.1. Any address that others can reach needs keys. */
  readonly host?: string
  /** Default 7070; 0 takes a free one. */
  readonly port?: number
  /** API keys; none by default. */
  readonly keys?: readonly string[]
  readonly log: Logger
  /** Default: the studio built beside the sources. */
  readonly studioFolder?: string
  readonly limits?: Partial<Limits>
  /** Done after the server listens; until it has ended, `/readyz` says that it is loading. */
  readonly load?: (service: Service, tell: (detail: string) => void, stop: AbortSignal) => Promise<void>
}

export interface RunningServer {
  readonly service: Service
  /** Such as `http://127.0.0.1:7070`. */
  readonly address: string
  /** Settles when `load` has; rejects with its error. */
  readonly loaded: Promise<void>
  /** Finishes what is under way, stops jobs, and closes the store. */
  close(): Promise<void>
}

/** The server was asked to do what would not be safe or cannot be. */
export class CannotServeError extends Error {
  override readonly name = 'CannotServeError'
}

/** How long open requests may take to finish when the server stops. */
const graceMs = 10_000
/** A file of 2 GiB at 5 Mbit/s takes about an hour. */
const uploadTimeoutMs = 3_600_000

function listen(server: Server, port: number, host: string): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE'
          ? new CannotServeError(
              `Port ${port} on ${host} is taken. Stop what uses it, choose another with --port, or take any free one with --port 0.`,
            )
          : error.code === 'EACCES' || error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND'
            ? new CannotServeError(`Cannot listen on ${host} port ${port}: ${error.message}.`)
            : error,
      )
    })
    server.listen(port, host, () => resolve(server.address() as AddressInfo))
  })
}

/** Closes a server once its requests are answered; connections that wait for another request are not waited for. */
async function settled(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  const idle = setInterval(() => server.closeIdleConnections(), 50)
  const late = setTimeout(() => server.closeAllConnections(), graceMs)
  await closed
  clearInterval(idle)
  clearTimeout(late)
}

/**
 * Starts the HTTP server over the embedded store of a data folder.
 *
 * @throws {CannotServeError} when the address is open to others and there are no keys, or the port is taken
 * @throws {FolderInUseError} when another server has the folder
 *
 * @example
 * const server = await startServer({ folder: './data', port: 0, log: serverLog() })
 * console.log(await (await fetch(`${server.address}/v1/counts`)).json())
 * await server.close()
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { folder, host = '127.0.0.1', port = 7070, log } = options
  const keys = (options.keys ?? []).filter((key) => key !== '')
  if (keys.length === 0 && !isLoopback(host))
    throw new CannotServeError(
      `${host} can be reached by others, so the server needs API keys: set PENCHANT_API_KEYS or give --api-key-file, or serve this machine only with --host 127.0.0.1.`,
    )
  if (keys.some((key) => key.length < 16)) log.warn('an API key is shorter than 16 characters, which can be guessed')
  mkdirSync(folder, { recursive: true })
  const lock = lockFolder(folder)
  const undo: (() => unknown)[] = [() => lock.release()]
  try {
    const background = await openBackground(folder)
    undo.push(() => background.close())
    const { store } = background
    const jobs = await openJobs({ documents: store.documents, folder: join(folder, 'jobs'), log })
    const boards = openBoards(store, background.fit)
    const people = openPeople({ store, jobs, fit: background.fitPeople })
    const dials = openDials({
      documents: store.documents,
      jobs,
      folder: join(folder, 'models'),
      make: background.makeDial,
    })
    const recommenders = await openRecommenders({
      ...{ store, jobs, folder },
      fit: background.fitRecommender,
      rerankCurve: background.rerankCurve,
    })
    undo.push(() => recommenders.close())
    let readiness: Readiness = { status: options.load ? 'loading' : 'ready' }
    const stop = new AbortController()
    const service: Service = {
      store,
      boards,
      jobs,
      people,
      dials,
      recommenders,
      background,
      log,
      folder,
      limits: { ...defaultLimits, ...options.limits },
      stopping: stop.signal,
      readiness: () => readiness,
    }
    const app = createApp(service, { keys, studioFolder: options.studioFolder ?? builtStudio() })
    const server = createAdaptorServer({
      fetch: app.fetch,
      serverOptions: { headersTimeout: 30_000, requestTimeout: uploadTimeoutMs, keepAliveTimeout: 5_000 },
    }) as Server
    const bound = await listen(server, port, host)
    const address = `http://${host.includes(':') ? `[${host}]` : host}:${bound.port}`
    lock.announce(address)
    const loading =
      options.load?.(
        service,
        (detail) => {
          if (readiness.status === 'loading') readiness = { status: 'loading', detail }
        },
        stop.signal,
      ) ?? Promise.resolve()
    const loaded = loading.then(
      () => {
        if (readiness.status === 'loading') readiness = { status: 'ready' }
      },
      (error: unknown) => {
        if (!stop.signal.aborted) readiness = { status: 'failed', detail: 'the shipped data could not be loaded' }
        throw error
      },
    )
    loaded.catch(() => {})
    let closing: Promise<void> | undefined
    const close = async (): Promise<void> => {
      readiness = { status: 'stopping' }
      stop.abort(new Error('the server is stopping'))
      await settled(server)
      await jobs.close()
      await recommenders.close()
      // What the loading had not finished is taken up by the next start, so that nothing is waited for.
      await background.close()
      await loaded.catch(() => {})
      lock.release()
    }
    return {
      service,
      address,
      loaded,
      close: () => {
        closing ??= close()
        return closing
      },
    }
  } catch (error) {
    for (const step of undo.toReversed()) await step()
    throw error
  }
}

/** `dist/web`, seen from the sources and from the compiled files. */
function builtStudio(): string {
  const up = import.meta.url.endsWith('.ts') ? '../..' : '../../..'
  return join(import.meta.dirname, up, 'dist/web')
}
