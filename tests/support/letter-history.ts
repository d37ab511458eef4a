import { historyFromJSON } from '@temporalio/common/lib/proto-utils';
import { loadDataConverter } from '@temporalio/common/lib/internal-non-workflow';
import { decodeFromPayloadsAtIndex } from '@temporalio/common/lib/internal-non-workflow/codec-helpers';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createDataConverter } from '../../activities/codec/converter';
import type { LetterAct } from '../../models/letters/acts';
import type { LetterView } from '../../workflows/letter-messages';
import { LETTERS_SECRET } from './letters';

type Events = ReturnType<typeof historyFromJSON>['events'];
type Event = NonNullable<Events>[number];
type Payloads = Parameters<typeof decodeFromPayloadsAtIndex>[2];

/** Events of a history as JSON or as the client fetched it. */
export type History = ReturnType<typeof historyFromJSON>;

export function readHistoryFile(name: string): History {
  return historyFromJSON(JSON.parse(readFileSync(join(__dirname, '..', 'histories', `${name}.json`), 'utf8')));
}

/**
 * What happened in a letter's history, one text per step, in order: `submit: approved`, `decide: pended/expert, second
 * doctor due`, `closed by clock: expired`, `amend! letter.limit` (the step said no), `continued`, `ended`.
 */
export async function stepsOf(history: History): Promise<string[]> {
  const converter = loadDataConverter(createDataConverter(LETTERS_SECRET));
  const read = <T>(payloads: Payloads): Promise<T> => decodeFromPayloadsAtIndex<T>(converter, 0, payloads);
  const waiting: string[] = [];
  const steps: string[] = [];
  let submits = 0;
  for (const event of history.events ?? []) {
    // A run that goes on has its first answer with it.
    if (event.workflowExecutionStartedEventAttributes?.continuedExecutionRunId) submits = 1;
    const accepted = event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest;
    if (accepted?.input?.name === 'act') {
      const { act } = await read<{ act: LetterAct }>(accepted.input.args?.payloads);
      waiting.push(act.kind);
    }
    if (accepted?.input?.name === 'submit') submits += 1;
    if (accepted?.input?.name === 'submit' && submits > 1) steps.push('submit again');
    const marker = event.markerRecordedEventAttributes;
    if (marker?.markerName === 'core_local_activity') {
      const name = activityOf(marker);
      const what = name === 'actOnLetter' ? waiting.shift()! : (NAMES[name] ?? name);
      const { failure } = marker;
      if (failure) steps.push(`${what}! ${failure.applicationFailureInfo?.type ?? 'failed'}`);
      else steps.push(`${what}: ${told(await read<LetterView>(marker.details?.result?.payloads))}`);
    }
    if (event.workflowExecutionContinuedAsNewEventAttributes) steps.push('continued');
    if (event.workflowExecutionCompletedEventAttributes) steps.push('ended');
  }
  return steps;
}

const NAMES: Readonly<Record<string, string>> = {
  submitLetter: 'submit',
  escalateLetter: 'escalated by clock',
  markOverdue: 'overdue by clock',
  closeLetter: 'closed by clock',
};

function activityOf(marker: NonNullable<Event['markerRecordedEventAttributes']>): string {
  const data = marker.details?.data?.payloads?.[0]?.data;
  return (JSON.parse(Buffer.from(data!).toString('utf8')) as { activity_type: string }).activity_type;
}

function told({ letter }: LetterView): string {
  const state = letter.pendedFor === null ? letter.state : `${letter.state}/${letter.pendedFor}`;
  const more = [
    letter.proposedBy === null ? null : 'second doctor due',
    letter.awaitsLead ? 'lead due' : null,
    letter.overdue ? 'overdue' : null,
  ];
  return [state, ...more.filter((text) => text !== null)].join(', ');
}
