import { kernels } from '../../tensor/index.ts'

export const { namedLocals } = kernels
