import type { LocalizedText } from '../errors';
import type { PeerComparison } from './peers';

type StatCode = 'STAT-01' | 'STAT-02' | 'STAT-03';

/** The comparison in words: own rate, the peers' mean, the shrunken rate with its interval, the excess. */
export function statWords(
  code: StatCode,
  subjectKind: 'clinic' | 'doctor',
  c: PeerComparison,
  excessKopecks: number,
  diagnosis: string | null,
  service: string | null,
): LocalizedText {
  const who = subjectKind === 'clinic' ? { ru: 'Клиника', en: 'Clinic' } : { ru: 'Врач', en: 'Doctor' };
  const act = {
    'STAT-01': {
      ru: `при диагнозе ${diagnosis} добавляет услугу ${service}`,
      en: `adds service ${service} at diagnosis ${diagnosis}`,
    },
    'STAT-02': { ru: 'выставляет почти повторные строки', en: 'bills near-duplicate lines' },
    'STAT-03': { ru: 'выставляет более дорогой вид приема', en: 'bills the dearer kind of visit' },
  }[code];
  const roubles = Math.round(excessKopecks / 100);
  return {
    ru:
      `${who.ru} ${c.subject} ${act.ru} в ${percent(c.ownRate, ',')} случаев (${c.hits} из ${c.cases}); ` +
      `у ${c.peers} сопоставимых – в среднем ${percent(c.peerMean, ',')}. С поправкой на объем – ${percent(c.shrunkRate, ',')} ` +
      `(${percent(c.low, ',')}–${percent(c.high, ',')}), q = ${c.qValue.toPrecision(2)}. ` +
      `Сверх ожидаемого – около ${roubles} руб. Это повод посмотреть раньше, а не основание для отказа.`,
    en:
      `${who.en} ${c.subject} ${act.en} in ${percent(c.ownRate, '.')} of cases (${c.hits} of ${c.cases}); ` +
      `${c.peers} peers: ${percent(c.peerMean, '.')} on average. Adjusted for volume: ${percent(c.shrunkRate, '.')} ` +
      `(${percent(c.low, '.')} to ${percent(c.high, '.')}), q = ${c.qValue.toPrecision(2)}. ` +
      `About ${roubles} roubles above expectation. A reason to look sooner, not a ground for refusal.`,
  };
}

function percent(share: number, point: ',' | '.'): string {
  return `${(share * 100).toFixed(1).replace('.', point)}${point === ',' ? ' %' : '%'}`;
}
