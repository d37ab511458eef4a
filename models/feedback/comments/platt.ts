import { sigmoid } from '../../fraud/math';

export interface Platt {
  readonly slope: number;
  readonly offset: number;
}

/**
 * Platt scaling: logistic regression of labels on logits by Newton steps, with a weak normal prior around slope 1 and
 * offset 0, so that a topic with few positives stays as it is.
 */
export function fitPlatt(logits: readonly number[], labels: readonly number[]): Platt {
  let slope = 1;
  let offset = 0;
  for (let step = 0; step < 30; step++) {
    let gs = (slope - 1) * 10;
    let go = offset * 10;
    let hss = 10;
    let hso = 0;
    let hoo = 10;
    for (let i = 0; i < logits.length; i++) {
      const p = sigmoid(slope * logits[i]! + offset);
      const d = p - labels[i]!;
      const w = Math.max(1e-6, p * (1 - p));
      gs += d * logits[i]!;
      go += d;
      hss += w * logits[i]! * logits[i]!;
      hso += w * logits[i]!;
      hoo += w;
    }
    const det = hss * hoo - hso * hso;
    const ds = (hoo * gs - hso * go) / det;
    const dof = (hss * go - hso * gs) / det;
    slope = Math.max(0.1, slope - ds);
    offset -= dof;
    if (Math.abs(ds) + Math.abs(dof) < 1e-8) break;
  }
  return { slope, offset };
}
