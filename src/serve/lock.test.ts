import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { FolderInUseError, lockFolder } from './lock.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'penchant-lock-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

it('keeps a second server out, and says where the first is', () => {
  const lock = lockFolder(folder)
  lock.announce('http://127.0.0.1:7070')
  expect(() => lockFolder(folder)).toThrow(FolderInUseError)
  expect(() => lockFolder(folder)).toThrow(`process ${process.pid}, http://127.0.0.1:7070`)
  lock.release()
})

it('lets the next one in when it is released', () => {
  lockFolder(folder).release()
  const again = lockFolder(folder)
  again.release()
})
