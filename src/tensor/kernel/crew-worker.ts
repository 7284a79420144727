import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type MessagePort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { type Assignment, type CrewMessage, share, slots } from './crew-job.ts'
import { Instance, type WasmInstance } from './webassembly.ts'

// A thread of the crew (see crew.ts): sleeps until there is a job, takes part in it, sleeps again.

const { control, port } = workerData as { readonly control: Int32Array; readonly port: MessagePort }
const assignments = new Map<number, Assignment>()

// A thread that only sleeps and works never comes to collect its garbage, which may be the last to hold a large memory.
setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

function readMessages(): void {
  let gone = false
  for (let received = receiveMessageOnPort(port); received; received = receiveMessageOnPort(port)) {
    const { group, assignment } = received.message as CrewMessage
    if (assignment) assignments.set(group, assignment)
    else gone = assignments.delete(group) || gone
  }
  if (gone) collectGarbage()
}

const instances = new WeakMap<Assignment, WasmInstance>()

function instanceOf(assignment: Assignment): WasmInstance {
  const known = instances.get(assignment)
  if (known) return known
  const made = new Instance(assignment.module, { env: { memory: assignment.memory } })
  instances.set(assignment, made)
  return made
}

for (let seen = 0; ; ) {
  Atomics.wait(control, slots.call, seen)
  seen = Atomics.load(control, slots.call)
  readMessages()
  // Whoever has counted itself in is waited for; whoever comes after the job was closed goes back to sleep.
  Atomics.add(control, slots.present, 1)
  try {
    // An open job stays as it is until this thread has counted itself out; before that nothing of it may be read.
    const open = Atomics.load(control, slots.open) === 1
    const assignment = open ? assignments.get(Atomics.load(control, slots.group)) : undefined
    if (assignment) share(control, instanceOf(assignment), assignment.names)
  } catch {
    Atomics.store(control, slots.failed, 1)
  }
  Atomics.sub(control, slots.present, 1)
  Atomics.notify(control, slots.present)
}
