import wasm from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url'
import { env, InferenceSession, Tensor } from 'onnxruntime-web/wasm'
import type { ScorerAnswer, ScorerQuestion } from './scorer.ts'

// The script of a worker of its own: it alone may compile WebAssembly, and the page need not.

// A worker's own address need not be that of the page, and the file's is told from the root.
env.wasm.wasmPaths = { wasm: new URL(wasm, location.href).href }
// More threads would need memory that pages share, which needs headers that pictures from elsewhere do not survive.
env.wasm.numThreads = 1

async function score({ model, features, width }: ScorerQuestion): Promise<ScorerAnswer> {
  const session = await InferenceSession.create(model)
  const begun = performance.now()
  const { scores } = await session.run({ features: new Tensor('float32', features, [features.length / width, width]) })
  const ms = performance.now() - begun
  if (!scores) throw new Error('the model gave no scores')
  const answer = { scores: Float32Array.from(scores.data as Float32Array), aspects: scores.dims[1] ?? 1, ms }
  await session.release()
  return answer
}

addEventListener('message', (event: MessageEvent<ScorerQuestion>) => {
  score(event.data).then(
    (answer) => postMessage(answer),
    (error: unknown) => postMessage({ error: error instanceof Error ? error.message : String(error) }),
  )
})
