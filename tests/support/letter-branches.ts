import type { LetterAct } from '../../models/letters/acts';
import type { FirstAnswer, LetterState, PendReason } from '../../models/letters/types';

/**
 * The committed histories of `guaranteeLetter` (tests/histories/guarantee-letter/<name>.json) with the steps that each
 * one takes, as `stepsOf` reads them. tests/letters-branches.test.ts lives most of them on a real server and records
 * them; tests/letters-replay.test.ts replays all of them with the present code.
 */
export const LETTER_HISTORIES = {
  'approved-at-once': ['submit: approved'],
  'approved-in-part-at-once': ['submit: partially-approved', 'cancel: cancelled', 'ended'],
  'refused-administratively': ['submit: refused'],
  'asked-again': ['submit: approved', 'submit again', 'cancel: cancelled', 'ended'],
  'nothing-taken': ['submit! letter.policy-unknown', 'ended'],
  'refused-by-doctor': ['submit: pended/expert', 'decide: refused'],
  'appeal-not-used': ['submit: pended/expert', 'decide: refused', 'closed by clock: refused', 'ended'],
  cancelled: ['submit: approved', 'cancel: cancelled', 'ended'],
  'cancelled-while-pended': ['submit: pended/expert', 'cancel: cancelled', 'ended'],
  'cancelled-by-line': ['submit: pended/expert', 'decide: approved', 'cancel: amended', 'cancel: cancelled', 'ended'],
  'amended-and-extended': [
    'submit: approved',
    'amend: amended',
    'extend: amended',
    'extend! letter.beyond-cover',
    'cancel: cancelled',
    'ended',
  ],
  'two-acts-at-once': ['submit: approved', 'amend: amended', 'extend: amended', 'cancel: cancelled', 'ended'],
  'four-eyes': ['submit: pended/expert', 'decide: pended/expert, second doctor due', 'decide: approved'],
  'doctors-disagree': [
    'submit: pended/expert',
    'decide: pended/expert, second doctor due',
    'decide: pended/expert, lead due',
    'decide: approved',
    'cancel: cancelled',
    'ended',
  ],
  'second-opinion': [
    'submit: pended/expert',
    'second-opinion: pended/expert',
    'decide: approved',
    'cancel: cancelled',
    'ended',
  ],
  'machine-reassessed': ['submit: pended/documents', 'give-documents: approved', 'cancel: cancelled', 'ended'],
  'documents-never-came': [
    'submit: pended/expert',
    'ask-documents: pended/documents',
    'closed by clock: expired',
    'ended',
  ],
  'appealed-documents-never-came': [
    'submit: pended/expert',
    'decide: partially-approved',
    'appeal: pended/expert',
    'ask-documents: pended/documents',
    'closed by clock: partially-approved',
    'cancel: cancelled',
    'ended',
  ],
  'escalated-and-decided': ['submit: pended/expert', 'escalated by clock: pended/expert', 'decide: refused'],
  /** Recorded when a request ended with its deadline: such workflows replay as they went. */
  overdue: [
    'submit: pended/expert',
    'escalated by clock: pended/expert',
    'overdue by clock: pended/expert, overdue',
    'ended',
  ],
  'overdue-and-decided': [
    'submit: pended/expert',
    'escalated by clock: pended/expert',
    'overdue by clock: pended/expert, overdue',
    'decide: approved, overdue',
    'cancel: cancelled, overdue',
    'ended',
  ],
  'used-up-and-given-back': ['submit: approved', 'use: used', 'use: approved', 'cancel: cancelled', 'ended'],
  'used-to-the-end': ['submit: approved', 'use: used', 'closed by clock: used', 'ended'],
  expired: ['submit: pended/expert', 'decide: approved', 'closed by clock: expired', 'ended'],
  'whole-life': [
    'submit: pended/documents',
    'give-documents: pended/expert',
    'ask-documents: pended/documents',
    'give-documents: pended/expert',
    'decide: partially-approved',
    'use: partially-approved',
    'appeal: pended/expert',
    'decide: partially-approved',
    'closed by clock: expired',
    'ended',
  ],
  'continued-first-run': [
    'submit: pended/expert',
    'ask-documents: pended/documents',
    'give-documents: pended/expert',
    'continued',
  ],
  'continued-second-run': ['submit again', 'decide: refused'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type LetterHistory = keyof typeof LETTER_HISTORIES;

/** Every way that the workflow can go. Acts, clocks and states come from the types: a new one asks for its history. */
export type LetterBranch =
  | `the first answer is ${FirstAnswer['state']}`
  | `pended to ${PendReason}`
  | `the act ${LetterAct['kind']}`
  | `the clock ${'escalated' | 'overdue' | 'closed'}`
  | `over as ${Extract<LetterState, 'refused' | 'used' | 'expired' | 'cancelled'>}`
  | 'the same request comes again: the same answer'
  | 'nothing was taken: the run ends'
  | 'an act is turned down by its step'
  | 'acts take turns'
  | 'an act moves the clock'
  | 'the deadline has passed: people still decide'
  | 'the deadline had passed: ended (first version)'
  | 'a second doctor is due'
  | 'two doctors disagree: the lead decides'
  | 'the machine looks again'
  | 'a promise stands while its appeal is given up'
  | 'what was used up is given back'
  | 'the history is long: a new run goes on';

/** Where each branch can be seen: a history, and a step of it. */
export const LETTER_BRANCHES: Readonly<Record<LetterBranch, readonly [LetterHistory, string]>> = {
  'the first answer is approved': ['approved-at-once', 'submit: approved'],
  'the first answer is partially-approved': ['approved-in-part-at-once', 'submit: partially-approved'],
  'the first answer is refused': ['refused-administratively', 'submit: refused'],
  'the first answer is pended': ['refused-by-doctor', 'submit: pended/expert'],
  'pended to documents': ['machine-reassessed', 'submit: pended/documents'],
  'pended to expert': ['four-eyes', 'submit: pended/expert'],
  'the same request comes again: the same answer': ['asked-again', 'submit again'],
  'nothing was taken: the run ends': ['nothing-taken', 'ended'],
  'the act decide': ['refused-by-doctor', 'decide: refused'],
  'the act ask-documents': ['documents-never-came', 'ask-documents: pended/documents'],
  'the act give-documents': ['whole-life', 'give-documents: pended/expert'],
  'the act second-opinion': ['second-opinion', 'second-opinion: pended/expert'],
  'the act amend': ['amended-and-extended', 'amend: amended'],
  'the act extend': ['amended-and-extended', 'extend: amended'],
  'the act cancel': ['cancelled-by-line', 'cancel: amended'],
  'the act appeal': ['whole-life', 'appeal: pended/expert'],
  'the act use': ['whole-life', 'use: partially-approved'],
  'an act is turned down by its step': ['amended-and-extended', 'extend! letter.beyond-cover'],
  'acts take turns': ['two-acts-at-once', 'extend: amended'],
  'an act moves the clock': ['whole-life', 'give-documents: pended/expert'],
  'the clock escalated': ['escalated-and-decided', 'escalated by clock: pended/expert'],
  'the clock overdue': ['overdue-and-decided', 'overdue by clock: pended/expert, overdue'],
  'the clock closed': ['expired', 'closed by clock: expired'],
  'the deadline has passed: people still decide': ['overdue-and-decided', 'decide: approved, overdue'],
  'the deadline had passed: ended (first version)': ['overdue', 'ended'],
  'a second doctor is due': ['four-eyes', 'decide: pended/expert, second doctor due'],
  'two doctors disagree: the lead decides': ['doctors-disagree', 'decide: pended/expert, lead due'],
  'the machine looks again': ['machine-reassessed', 'give-documents: approved'],
  'a promise stands while its appeal is given up': [
    'appealed-documents-never-came',
    'closed by clock: partially-approved',
  ],
  'what was used up is given back': ['used-up-and-given-back', 'use: approved'],
  'over as refused': ['appeal-not-used', 'closed by clock: refused'],
  'over as used': ['used-to-the-end', 'closed by clock: used'],
  'over as expired': ['documents-never-came', 'closed by clock: expired'],
  'over as cancelled': ['cancelled', 'cancel: cancelled'],
  'the history is long: a new run goes on': ['continued-first-run', 'continued'],
};
