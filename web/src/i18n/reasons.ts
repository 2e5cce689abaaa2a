// What a run writes down as the reason of a setting, of a temperature or of a column is English. In Chinese the page
// says the same by these sentences; {0}, {1} stand for what differs between runs. A sentence that is not among them is
// shown as it is.
import { COLUMN_ROLES, COLUMN_SENTENCES } from './columnReasons';
import type { Language } from './strings';

const PARAMETERS = { en: 'the model has {0} M parameters', zh: '模型参数量 {0} M' };
const ROWS = { en: '{0} training rows', zh: '{0} 条训练样本' };

const SENTENCES: readonly (readonly [string, string])[] = [
  ['given on the command line or in the call', '由命令行或函数调用给出'],
  ['given in the configuration file', '由配置文件给出'],
  ['changed on a resume with --resume-override; it was {0}', '恢复训练时用 --resume-override 改过，原值为 {0}'],

  ['one batch fits into memory', '内存放得下一个完整批次'],
  ['each block learns 0.9 times as fast as the one above: lower layers change less', '每层的学习率是上一层的 0.9 倍：底层变化较小'],
  ['matrices only; biases, norms and word embeddings are not decayed', '只衰减权重矩阵；偏置、归一化参数与词嵌入不衰减'],
  ['a tenth of the steps lets Adam\'s second moments settle before the full rate', '用十分之一的步数预热：达到最高学习率之前，先让 Adam 的二阶矩稳定'],
  ['the rate falls to nothing, so that the last steps settle', '学习率降到零，让最后的步子稳定下来'],
  ['Adam\'s scaling copes with gradients that differ by orders of magnitude between layers', '各层梯度相差几个数量级，Adam 的缩放可以应对'],
  ['BERT\'s own bound on the norm of the gradient', 'BERT 原本采用的梯度范数上限'],
  ['the rate that BERT was trained with', 'BERT 训练时的丢弃率'],
  ['attention weights are not dropped: dropping them takes the slow path of attention', '不丢弃注意力权重：否则只能走较慢的注意力计算'],
  ['the labels are taken at their word', '完全采信标注'],
  ['every row counts the same', '每条样本权重相同'],
  ['twice an epoch catches the best step without costing much', '每轮验证两次：开销不大，又不会错过最佳步'],
  ['the share of right answers chooses the best step', '按准确率选出最佳步'],
  ['the task\'s own measure chooses the best step', '按任务自身的指标选出最佳步'],
  ['no limit was asked for', '没有要求时间上限'],
  ['fixed, so that the same command gives the same model', '固定不变，使同一条命令得到同一个模型'],
  ['every step is by the gradient of all processes', '每一步都用全部进程的梯度'],
  ['nothing was asked to stay as it is', '没有要求冻结任何部分'],
  ['no adapters were asked for', '没有要求使用适配器'],
  ['adapters hold few numbers, and hidden states are dropped already', '适配器的参数很少，而且隐藏状态已有丢弃'],

  [`few rows need more passes: ${ROWS.en}, and the best checkpoint is kept`, `样本少，需要多训练几轮：${ROWS.zh}，保留最佳检查点`],
  [`some thousand rows: ${ROWS.en}, and the best checkpoint is kept`, `样本有数千条：${ROWS.zh}，保留最佳检查点`],
  [`three passes are enough for many rows: ${ROWS.en}, and the best checkpoint is kept`, `样本多，三轮就够：${ROWS.zh}，保留最佳检查点`],
  ['few validation rows are a poor judge of when to stop', '验证样本太少，难以判断何时该停'],
  ['validations without improvement before stopping', '连续这么多次验证没有提高就停止'],
  [ROWS.en, ROWS.zh],
  ['the model\'s positions; longer texts are read in windows', '模型的位置数；更长的文本分窗口读取'],
  ['twice the rank: an adapter counts twice, whatever its rank', '秩的两倍：无论秩是多少，适配器都按两倍计入'],
  ['the layers that Hu et al. 2021 found to need adapters most', 'Hu 等（2021）发现最需要适配器的层'],
  ['the adapters of all blocks begin at nothing, and learn alike', '各层的适配器都从零开始，学习率相同'],
  ['adapters begin at nothing and learn at ten times the rate of whole weights, up to 2e-3', '适配器从零开始，学习率是完整权重的十倍，最高 2e-3'],
  ['only the head learns, and it begins at random: no weight can be unlearnt', '只训练任务头，而它从随机值开始：不会遗忘已学到的权重'],
  ['{0} has no scaling of its own, and gradients are clipped', '{0} 自身不作缩放，梯度会被裁剪'],
  [`tiny encoders learn at up to 3e-4: ${PARAMETERS.en}`, `微型编码器的学习率最高 3e-4：${PARAMETERS.zh}`],
  [`small encoders learn at 1e-4 to 3e-4: ${PARAMETERS.en}`, `小型编码器的学习率为 1e-4 至 3e-4：${PARAMETERS.zh}`],
  [`base encoders learn at 2e-5 to 5e-5: ${PARAMETERS.en}`, `base 规模编码器的学习率为 2e-5 至 5e-5：${PARAMETERS.zh}`],
  [`large encoders learn at 1e-5 to 3e-5: ${PARAMETERS.en}`, `large 规模编码器的学习率为 1e-5 至 3e-5：${PARAMETERS.zh}`],

  ['the BERT paper\'s, as far as it has one', '沿用 BERT 论文（若论文给出）'],
  ['the {0} recipe\'s', '{0} 配方的取值'],
  ['the recipe\'s {0}, made to divide the batch', '配方为 {0}，调整到能整除批大小'],
  ['the recipe\'s {0} would leave some {1} updates to the budget', '若按配方的 {0}，时间预算内只够更新约 {1} 次'],

  ['lowest negative log likelihood on {0} validation rows', '在 {0} 条验证样本上负对数似然最低'],
  ['the logits of every row are equal: no temperature changes the scores', '每条样本的 logits 都相等：任何温度都不改变得分'],
  ['no validation row is classified wrongly: nothing to learn from', '验证样本全部分类正确：无从学习温度'],
  ['the logits are no better than chance on the validation rows', '在验证样本上 logits 不比随机好'],
  ['the lowest temperature that is allowed', '已到允许的最低温度'],

  ...COLUMN_SENTENCES,
];

const PATTERNS = SENTENCES.map(([en, zh]) => ({
  pattern: new RegExp(`^${en.replace(/[.*+?^$()|[\]\\]/gu, '\\$&').replace(/\{\d\}/gu, '([^;]+?)')}$`, 'u'),
  zh,
}));

/** The reason in the language; sentences that are joined by "; " are looked up one by one. */
export function reasonIn(language: Language, reason: string): string {
  return language === 'en' ? reason : (inChinese(reason) ?? reason);
}

function inChinese(reason: string): string | null {
  const role = COLUMN_ROLES.find(([en]) => reason.startsWith(`${en}: `));
  if (role) {
    const rest = inChinese(reason.slice(role[0].length + 2));
    return rest === null ? null : `${role[1]}：${rest}`;
  }
  for (const { pattern, zh } of PATTERNS) {
    const found = pattern.exec(reason);
    if (found) return zh.replace(/\{(\d)\}/gu, (_, hole: string) => found[Number(hole) + 1] ?? '');
  }
  const [first, ...others] = reason.split('; ');
  const one = others.length ? inChinese(first ?? '') : null;
  const rest = one === null ? null : inChinese(others.join('; '));
  return one === null || rest === null ? null : `${one}；${rest}`;
}
