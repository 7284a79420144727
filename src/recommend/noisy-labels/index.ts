export {
  type ChoiceLogits,
  type ChoiceObjective,
  choiceLoss,
  hiddenPositiveProbability,
  labelChances,
  type PairLogits,
} from './label-flips.ts'
export { knowsHiddenPositives, type NbpoOptions, type NoisyLabelRecommender, nbpo } from './nbpo.ts'
