import { type Signal, signalSchema } from '../signal.ts'
import { faultOf, RowFault } from './fault.ts'

/**
 * A value as the signal it must be.
 *
 * @throws {RowFault} naming the field that is not as {@link signalSchema} has it
 */
export function checkSignal(value: unknown): Signal {
  let parsed: ReturnType<typeof signalSchema.safeParse>
  try {
    parsed = signalSchema.safeParse(value)
  } catch (error) {
    if (error instanceof RangeError) throw new RowFault('', 'the row is nested too deeply')
    throw error
  }
  if (!parsed.success) throw faultOf(parsed.error, value)
  return parsed.data
}
