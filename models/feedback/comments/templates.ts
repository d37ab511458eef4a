import { COMMENT_TOPICS, type CommentTopic } from './topics';

export interface LabelledComment {
  readonly text: string;
  readonly topics: readonly CommentTopic[];
}

/** Parses "topic,topic<TAB>text" lines; lines that start with # are comments of the file. */
export function parseLabelled(file: string): LabelledComment[] {
  return file.split(/\r?\n/).flatMap((line) => {
    if (line === '' || line.startsWith('#')) return [];
    const tab = line.indexOf('\t');
    const topics = line.slice(0, tab).split(',') as CommentTopic[];
    if (tab < 0 || topics.some((topic) => !COMMENT_TOPICS.includes(topic))) {
      throw new Error(`Comment data: unknown topic in "${line.slice(0, 60)}"`);
    }
    return [{ text: line.slice(tab + 1), topics }];
  });
}

type Random = () => number;

const NEIGHBOURS = 'о а е и н т с'.split(' ');

function pick<T>(list: readonly T[], random: Random): T {
  return list[Math.floor(random() * list.length)]!;
}

/** Fills one template: `{slot}` first, then `[a|b|c]` choices. */
export function fillTemplate(template: string, slots: Readonly<Record<string, readonly string[]>>, random: Random) {
  const chosen = template.replace(/\[([^\]]*)\]/g, (_all, options: string) => pick(options.split('|'), random));
  const filled = chosen.replace(/\{(\w+)\}/g, (_all, name: string) => pick(slots[name]!, random));
  return filled.replace(/\s+/g, ' ').trim();
}

/** Writes as people do: a swapped, lost, doubled or neighbouring letter, missing commas, capitals, trailing marks. */
export function roughen(text: string, random: Random): string {
  let out = random() < 0.3 ? text.replaceAll(',', '') : text;
  if (random() < 0.35) out = out.charAt(0).toUpperCase() + out.slice(1);
  if (random() < 0.04) out = out.toUpperCase();
  if (random() < 0.3) out += pick(['.', '!', '...', '!!', ')', ' :('], random);
  const typos = random() < 0.35 ? 1 + Math.floor(random() * 2) : 0;
  for (let i = 0; i < typos && out.length > 6; i++) {
    const at = 1 + Math.floor(random() * (out.length - 3));
    const kind = random();
    if (kind < 0.3) out = out.slice(0, at) + out.charAt(at + 1) + out.charAt(at) + out.slice(at + 2);
    else if (kind < 0.6) out = out.slice(0, at) + out.slice(at + 1);
    else if (kind < 0.85) out = out.slice(0, at) + out.charAt(at) + out.slice(at);
    else out = out.slice(0, at) + pick(NEIGHBOURS, random) + out.slice(at + 1);
  }
  return out;
}

/**
 * Draws a training set: `each` sentences a template, a fifth of them joined with an unrelated second sentence, so that
 * the model meets comments on two things at once.
 */
export function drawComments(
  templates: readonly LabelledComment[],
  slots: Readonly<Record<string, readonly string[]>>,
  each: number,
  random: Random,
): LabelledComment[] {
  const drawn: LabelledComment[] = [];
  for (const template of templates) {
    // A template with many choices says more, so it is drawn more often.
    const richness = Math.min(3, Math.max(0.6, (template.text.split('|').length - 1) / 8));
    for (let i = 0; i < Math.round(each * richness); i++) {
      let text = fillTemplate(template.text, slots, random);
      let topics = [...template.topics];
      if (random() < 0.2) {
        const second = pick(templates, random);
        text = `${text}${pick(['. ', ', ', ' ', '; '], random)}${fillTemplate(second.text, slots, random)}`;
        topics = [...new Set([...topics, ...second.topics])];
      }
      drawn.push({ text: roughen(text, random), topics });
    }
  }
  return drawn;
}
