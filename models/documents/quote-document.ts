import type { QuoteRequest, QuoteResult, ReferralReason } from '../quotes/types';

/** A stored quote as its documents show it. */
export interface QuoteDocument {
  readonly id: string;
  readonly name: string | null;
  readonly createdAt: string;
  readonly state: string;
  readonly finalPriceKopecks: number | null;
  readonly referral: readonly ReferralReason[];
  readonly decisions: readonly { readonly kind: string; readonly reason: string; readonly decidedAt: string }[];
  readonly request: QuoteRequest;
  readonly result: QuoteResult;
}
