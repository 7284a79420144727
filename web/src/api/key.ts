const storage = 'penchant-key'

let waiting: PromiseWithResolvers<string> | undefined
const listeners = new Set<() => void>()

function tell(): void {
  for (const listener of listeners) listener()
}

/** The API key of this tab, kept until the tab is closed. */
export function currentKey(): string | undefined {
  return sessionStorage.getItem(storage) ?? undefined
}

/** Asks the person for a key, once however many requests need one; rejects when the person would not give one. */
export function askForKey(): Promise<string> {
  if (!waiting) {
    waiting = Promise.withResolvers<string>()
    tell()
  }
  return waiting.promise
}

/** Answers {@link askForKey}. */
export function giveKey(key: string): void {
  sessionStorage.setItem(storage, key)
  waiting?.resolve(key)
  waiting = undefined
  tell()
}

/** Declines {@link askForKey}. */
export function refuseKey(): void {
  waiting?.reject(new Error('No API key was given.'))
  waiting = undefined
  tell()
}

/** Whether a key is being asked for; with {@link watchKey}, a store for React. */
export const keyIsAsked = (): boolean => waiting !== undefined

/** Calls back when a key is asked for or given. Returns the way to stop listening. */
export function watchKey(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
