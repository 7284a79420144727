import { writeSync } from 'node:fs'
import { candidate, type Signal } from '../signal.ts'
import { openSqliteStore } from './store.ts'

// Run as a process of its own: node writer.fixture.ts <folder> <name> <signals per batch> <batches>
// Writes batch after batch and prints the number of each once the store has answered for it. With a fifth argument,
// erases the rater of every batch again that the number divides, and then prints the batch as erased.

export const batchSignals = (writer: string, batch: number, size: number): Signal[] =>
  Array.from({ length: size }, (_, position) => ({
    kind: 'comparison',
    id: `${writer}/${batch}/${position}`,
    rater: { id: `rater-${writer}-${batch}`, kind: 'human' },
    context: { id: `context-${writer}-${batch}-${position % 50}` },
    time: batch,
    source: writer,
    a: candidate({ modality: 'text', text: `<${writer}/${batch}> a ${position}` }),
    b: candidate({ modality: 'text', text: `<${writer}/${batch}> b ${position}` }),
    outcome: position % 2 === 0 ? 'a' : 'b',
  }))

const [folder, writer = '', size, batches, eraseEvery] = process.argv.slice(2)
if (import.meta.main && folder !== undefined) {
  const store = await openSqliteStore(folder)
  for (let batch = 0; batch < Number(batches); batch++) {
    const { inserted } = await store.insert(batchSignals(writer, batch, Number(size)))
    // Written at once, not when the event loop comes round: what is printed was answered for.
    if (inserted > 0) writeSync(1, `${batch}\n`)
    if (eraseEvery !== undefined && batch % Number(eraseEvery) === 0) {
      await store.eraseRater(`rater-${writer}-${batch}`)
      writeSync(1, `erased ${batch}\n`)
    }
  }
  await store.close()
}
