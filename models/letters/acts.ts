import type { LocalizedText } from '../errors';
import type { ActingDoctor, LineDecision } from './types';

/** Whoever acts from outside the insurer or for the insured. */
export interface Actor {
  readonly role: string;
  readonly id: string;
  readonly name: string | null;
}

/** Everything that can happen to a request after its first answer. One Temporal Update carries any of them. */
export type LetterAct =
  | {
      readonly kind: 'decide';
      readonly doctor: ActingDoctor;
      readonly lines: readonly LineDecision[];
      readonly note: string | null;
    }
  | { readonly kind: 'ask-documents'; readonly doctor: ActingDoctor; readonly question: string }
  | {
      readonly kind: 'give-documents';
      readonly actor: Actor;
      readonly answer: string;
      readonly attachmentIds: readonly string[];
    }
  | { readonly kind: 'second-opinion'; readonly doctor: ActingDoctor; readonly question: string }
  | {
      readonly kind: 'amend';
      readonly doctor: ActingDoctor;
      readonly reason: string;
      readonly lines: readonly { readonly lineNo: number; readonly quantity: number }[];
    }
  | { readonly kind: 'extend'; readonly doctor: ActingDoctor; readonly validTo: string }
  | {
      readonly kind: 'cancel';
      readonly actor: Actor;
      readonly reason: string;
      /** Empty = every line that stands. */
      readonly lineNos: readonly number[];
    }
  | { readonly kind: 'appeal'; readonly actor: Actor; readonly reason: string; readonly lineNos: readonly number[] }
  | {
      /** What invoices have taken so far, in all: counted by the step itself, under the letter's lock. */
      readonly kind: 'use';
      readonly lines: readonly { readonly lineNo: number; readonly quantity: number; readonly kopecks: number }[];
    };

/** An act with the key that makes it happen once. */
export interface KeyedAct {
  readonly requestKey: string;
  readonly at: string;
  readonly act: LetterAct;
}

/** Why an act is not allowed: code for the problem document, text for people. */
export interface Objection {
  readonly code: string;
  readonly text: LocalizedText;
}

export const objection = (code: string, ru: string, en: string): Objection => ({ code, text: { ru, en } });
