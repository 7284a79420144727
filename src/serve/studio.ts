import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { extname, join, relative, sep } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants } from 'node:zlib'
import type { MiddlewareHandler } from 'hono'
import { contentHash } from '../run/index.ts'

const types: { readonly [ending: string]: string } = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
}
const compressible = /^text\/|json|javascript|svg|wasm/

interface Page {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly type: string
  readonly tag: string
  /** Vite names what lies in `assets/` by its content, so that such an address never means anything else. */
  readonly immutable: boolean
  brotli?: Promise<Uint8Array<ArrayBuffer>>
}

const brotli = promisify(brotliCompress)

function compressed(page: Page): Promise<Uint8Array<ArrayBuffer>> {
  page.brotli ??= brotli(page.bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }).then(
    (bytes) => new Uint8Array(bytes),
  )
  return page.brotli
}

function load(folder: string): ReadonlyMap<string, Page> {
  const pages = new Map<string, Page>()
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const address = `/${relative(folder, path).split(sep).join('/')}`
    const bytes = new Uint8Array(readFileSync(path))
    pages.set(address, {
      bytes,
      type: types[extname(path)] ?? 'application/octet-stream',
      tag: `"${contentHash(bytes).slice(0, 32)}"`,
      immutable: address.startsWith('/assets/'),
    })
  }
  return pages
}

/**
 * Serves the built studio from memory; addresses that are no file and that a browser asks for as a page get
 * `index.html`, which routes them itself. Everything else passes through. Files are read once, so that nothing outside
 * the folder can be asked for.
 *
 * @param folder the built studio; when it is not there, every request passes through
 */
export function studio(folder: string): MiddlewareHandler {
  const pages = existsSync(join(folder, 'index.html')) ? load(folder) : new Map<string, Page>()
  const index = pages.get('/index.html')
  return async (c, next) => {
    if (!index || (c.req.method !== 'GET' && c.req.method !== 'HEAD')) return next()
    const wantsPage = (c.req.header('accept') ?? '').includes('text/html') && !/^\/(v1|assets)\//.test(c.req.path)
    const page = c.req.path === '/' ? index : (pages.get(c.req.path) ?? (wantsPage ? index : undefined))
    if (!page) return next()
    c.header('Cache-Control', page.immutable ? 'public, max-age=31536000, immutable' : 'no-cache')
    c.header('ETag', page.tag)
    if (c.req.header('if-none-match') === page.tag) return c.body(null, 304)
    c.header('Content-Type', page.type)
    if (compressible.test(page.type) && /\bbr\b/.test(c.req.header('accept-encoding') ?? '')) {
      c.header('Content-Encoding', 'br')
      c.header('Vary', 'Accept-Encoding')
      return c.body(await compressed(page))
    }
    return c.body(page.bytes)
  }
}
