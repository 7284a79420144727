/** One published method: where it lives, what it exports, and the experiment that shows it. */
export interface CatalogueRow {
  readonly no: string
  /** Short name, the argument of `penchant reproduce`. */
  readonly id: string
  readonly title: string
  /** arXiv id, or undefined for work published elsewhere. */
  readonly arxiv?: string
  readonly room: string
  /** Names exported from the room's door. */
  readonly exports: readonly string[]
  /** Module below `experiments/`, without its ending. */
  readonly experiment: string
}

/** The methods that work today, in order of their number. A test checks that every export and experiment is there. */
export const catalogue: readonly CatalogueRow[] = [
  {
    no: '01',
    id: 'dpa',
    title: 'Directional preference alignment: a wish as an arrow among several rewards',
    arxiv: '2402.18571',
    room: 'learn',
    exports: ['fitRatings', 'ratingLoss', 'directionControl', 'turnDirection', 'directedModel', 'selectionGain'],
    experiment: 'dpa',
  },
  {
    no: '14',
    id: 'general-preference',
    title: 'General preference model: embeddings that can hold cycles',
    arxiv: '2410.02197',
    room: 'learn',
    exports: [
      'generalPreferenceKind',
      'embedPreferences',
      'generalPreferenceScores',
      'generalPreferenceTargets',
      'maximalLottery',
    ],
    experiment: 'general-preference',
  },
  {
    no: '19',
    id: 'nbpo',
    title: 'NBPO: implicit choices whose "not taken" may be wrong',
    arxiv: '2007.07204',
    room: 'recommend',
    exports: ['nbpo', 'choiceLoss', 'labelChances', 'hiddenPositiveProbability', 'weightedNegatives'],
    experiment: 'nbpo',
  },
  {
    no: '21',
    id: 'domain-knowledge',
    title: 'Domain knowledge: a reward from a few named aspects',
    arxiv: '2402.15473',
    room: 'learn',
    exports: ['fitDomainKnowledge', 'scoreAspects', 'aspectContributions', 'naiveAspectMean', 'servedReward'],
    experiment: 'domain-knowledge',
  },
  {
    no: '22',
    id: 'pal',
    title: 'PAL: ideal points mixed from shared prototypes',
    arxiv: '2406.08469',
    room: 'learn',
    exports: ['palKind', 'raterMixtures', 'mixPrototypes', 'hardenMixtures', 'prototypeDisagreement', 'adaptRaters'],
    experiment: 'pal',
  },
  {
    no: '23',
    id: 'wimhf',
    title: 'WIMHF: what preference data reward, axis by axis',
    arxiv: '2510.26202',
    room: 'learn',
    exports: ['wimhf', 'trainAxes', 'expressedPreferences', 'describeAxes', 'axisSubjectivity', 'relabelAlong'],
    experiment: 'wimhf',
  },
  {
    no: '25',
    id: 'ngcf',
    title: 'NGCF: collaborative filtering by messages on the graph of users and items',
    arxiv: '1905.08108',
    room: 'recommend',
    exports: ['graphRecommender', 'evaluateRanking', 'loadRecommender'],
    experiment: 'ngcf',
  },
  {
    no: '34',
    id: 'search-arena',
    title: 'Search Arena: leaderboards that control for style',
    arxiv: '2506.05334',
    room: 'evaluate',
    exports: ['fitLeaderboard', 'leaderboardFromVotes', 'leaderboardJson'],
    experiment: 'search-arena',
  },
  {
    no: '36',
    id: 'micro',
    title: 'MiCRo: a mixture of rewards, routed by context',
    arxiv: '2505.24846',
    room: 'learn',
    exports: ['mixtureKind', 'adaptMixture', 'distillRouting', 'exponentialWeights', 'headLeads', 'routingWeights'],
    experiment: 'micro',
  },
  {
    no: '40',
    id: 'mmhcl',
    title: 'MMHCL: hypergraphs of users and of items with pictures, sounds and texts',
    arxiv: '2504.16576',
    room: 'recommend',
    exports: ['mmhcl', 'hypergraphNetwork', 'userHypergraph', 'itemHypergraph', 'synergisticContrast', 'placeItems'],
    experiment: 'mmhcl',
  },
  {
    no: '49',
    id: 'preference-dissection',
    title: 'Preference dissection: judges as weighted sums of answer properties',
    arxiv: '2402.11296',
    room: 'learn',
    exports: ['preferenceDissection', 'dissect', 'judgeSimilarities', 'manipulationShift', 'publishedJudgeWeights'],
    experiment: 'preference-dissection',
  },
  {
    no: '50',
    id: 'secrets-reward-modelling',
    title: 'Secrets of reward modelling: preference strength, noisy labels, contrast, MetaRM',
    arxiv: '2401.06080',
    room: 'learn',
    exports: [
      'annotateStrength',
      'strengthOf',
      'mislabelQueue',
      'fitByStrength',
      'strengthRecipes',
      'contrastiveRewardKind',
      'fitMetaReward',
      'responseDifference',
    ],
    experiment: 'secrets-reward-modelling',
  },
  {
    no: '51',
    id: 'item-fairness-measures',
    title: 'Individual item fairness: published measures, corrected, and a trade-off',
    arxiv: '2311.01013',
    room: 'recommend',
    exports: ['itemFairness', 'recommendationFairness', 'fairRerank', 'fairnessCurve'],
    experiment: 'item-fairness-measures',
  },
  {
    no: '56',
    id: 'ranklist',
    title: 'RankList: whole orders learned from neighbours and from items far apart',
    arxiv: '2508.09826',
    room: 'learn',
    exports: ['rankListLoss', 'rankList', 'fitLists', 'listsOf', 'sampledLists', 'evaluateLists'],
    experiment: 'ranklist',
  },
  {
    no: '57',
    id: 'regret-preferences',
    title: 'Regret preferences: rewards from comparisons of behaviour',
    arxiv: '2206.02231',
    room: 'learn',
    exports: ['regretPreferences', 'segmentRegret', 'regretPreference', 'softValue', 'scaledReturn', 'valueIteration'],
    experiment: 'regret-preferences',
  },
  {
    no: '58',
    id: 'more',
    title: 'MORE: reward models over disagreeing sources, calibrated on what they share',
    arxiv: '2312.07401',
    room: 'learn',
    exports: ['fitMore', 'minNormWeights', 'minNormOfTwo', 'normalizeGradients', 'calibrateModel'],
    experiment: 'more',
  },
  {
    no: '59',
    id: 'carm',
    title: 'Context-aware rewards: judging by the purpose at hand',
    arxiv: '2407.14916',
    room: 'learn',
    exports: [
      'contextConditionedKind',
      'withCriterion',
      'reversalSignals',
      'evaluateReversals',
      'ruleReversals',
      'contextError',
      'profilePosterior',
    ],
    experiment: 'carm',
  },
]
