export * from './signal.ts'
export * from './store.ts'
