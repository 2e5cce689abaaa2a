// Why a column was taken for the text, the label or another part: `role: 'name', why (figures)`; and how the tags of
// words were found to be written. Read by `reasons.ts`.

export const COLUMN_ROLES: readonly (readonly [string, string])[] = [
  ['text', '文本'],
  ['pair', '第二文本'],
  ['label', '标签'],
  ['negative', '反例'],
  ['question', '问题'],
  ['context', '上下文'],
  ['answers', '答案'],
  ['words', '词'],
  ['tags', '词的标签'],
  ['scheme', '标注体系'],
];

const WHYS: readonly (readonly [string, string])[] = [
  ['as told', '按指定'],
  ['as in the training file', '与训练文件相同'],
  ['chosen by its name', '按列名选出'],
  ['the only column of running text', '唯一的连续文本列'],
  ['the only column of words', '唯一的词语列'],
  ['one of two columns with names of texts', '列名像文本的两列之一'],
  ['one of two columns of text with numbered names', '列名带编号的两个文本列之一'],
  ['one of the two columns of text', '两个文本列之一'],
];

// {1} and {2}: the name of the column is {0}
const FIGURES: readonly (readonly [string, string])[] = [
  ['', ''],
  [' (mean {1} characters, {2} distinct values)', '（平均 {1} 个字符，{2} 个不同的值）'],
  [', {1} distinct values in {2} rows', '，{2} 行中有 {1} 个不同的值'],
  [', lists in {1} rows', '，{1} 行中是列表'],
];

const RULES: readonly (readonly [string, string])[] = [
  ['an I- that follows no tag of its type is no entity', '前面没有同类标签的 I- 不算实体'],
  ['what is not B- I- E- or S- is no entity', 'B-、I-、E-、S- 以外的不算实体'],
  ['what is not B- I- L- or U- is no entity', 'B-、I-、L-、U- 以外的不算实体'],
];

// the first that fits is taken: whole sentences come before those that begin with a name
export const COLUMN_SENTENCES: readonly (readonly [string, string])[] = [
  ['tags that break the scheme are read as conlleval reads them, as told', '不合体系的标签按 conlleval 的方式读取，按指定'],
  ...WHYS.flatMap(([why, zh]) =>
    FIGURES.map(([figures, said]) => [`{0}, ${why}${figures}`, `{0}，${zh}${said}`] as const)),
  ...FIGURES.slice(1).map(([figures, said]) => [`{0}${figures}`, `{0}${said}`] as const),
  ['{0} columns of 0 and 1: {1}', '{0} 个取值为 0 和 1 的列：{1}'],
  ['{0} goes with {1}', '{0} 与 {1} 成对'],
  ['the training file calls this column {0}', '训练文件称这一列为 {0}'],
  ['none', '无'],
  ['every pair of {0} is taken to belong together', '{0} 中的每一对都当作相配'],

  ['{0}, taken since every tag is O', '{0}，因为所有标签都是 O'],
  ['plain tags of single words, {0} of them, without O', '单个词的普通标签，共 {0} 种，没有 O'],
  ['{0}, since there are {1} and {2} ({3} entities)', '{0}，因为出现了 {1} 和 {2}（{3} 个实体）'],
  ['IOB1, since {0} entities begin with I- and {1} B- part neighbours', 'IOB1，因为有 {0} 个实体以 I- 开头，{1} 个 B- 用来隔开相邻实体'],
  ['IOB2, since {0} entities begin with B- ({1} entities)', 'IOB2，因为有 {0} 个实体以 B- 开头（共 {1} 个实体）'],
  ['learnt as IOB2', '按 IOB2 学习'],
  ['{0} B- stand where IOB1 writes I-', '{0} 个 B- 所在的位置在 IOB1 中应写作 I-'],
  ['both begin an entity', '两者都作为实体的开头'],
  ['{0} tags in {1} sentences do not follow {2}', '{1} 个句子中有 {0} 个标签不符合 {2}'],
  ...RULES.map(([rule, zh]) => [`${rule}, neither in learning nor in scoring`, `${zh}，学习与评分都如此`] as const),
  ['--repair-bio makes entities of them', '用 --repair-bio 可将其修复为实体'],
];
