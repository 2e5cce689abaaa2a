/** A model that lies on a disk is known by its directory; where that lies is nobody else's business. */
export function modelName(model: string): string {
  return /^([/~]|[A-Za-z]:)/.test(model) ? (model.split(/[\\/]/).filter(Boolean).pop() ?? model) : model;
}
