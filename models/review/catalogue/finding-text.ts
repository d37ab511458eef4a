/**
 * Texts of one finding, in one language. `{name}` is replaced by the evidence value of that name; names that end in
 * Kopecks are written as money and those that end in Date as dates (see render.ts). Another clinic is named by its line
 * only (`{earlierLine}`), which for-clinic.ts takes out of what a clinic reads.
 */
export interface FindingText {
  /** Short name for lists and acts. */
  title: string;
  /** What is wrong with what was billed. */
  problem: string;
  /** What the rule expects. */
  expects: string;
  /** Where it is written, for rules without a guideline clause. */
  basis?: string;
  /** What would change the result. */
  change: string;
}

/** Keys are a finding code, or `code/variant` where the evidence names a variant. */
export type FindingTexts = Readonly<Record<string, FindingText>>;
