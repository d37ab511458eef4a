import type { Content, TableCell } from 'pdfmake/interfaces';
import { SCHEME_NAMES } from '../fraud/evidence-text';
import type { CaseRecord, LineResult, Outcome } from '../investigation/record';
import { roubles } from '../review-case/money';
import { renderPdf } from './pdf';

/** What the closing report says. Lines by invoice and number; no patient and no diagnosis. */
export interface CaseReport {
  readonly number: string;
  readonly clinicName: string;
  readonly clinicCode: string;
  readonly doctorCode: string | null;
  readonly reason: string;
  readonly openedAt: string;
  readonly record: CaseRecord;
  readonly pack: {
    readonly lines: readonly {
      readonly lineId: number;
      readonly invoiceNo: string;
      readonly lineNo: number;
      readonly serviceDate: string;
      readonly serviceName: string;
      readonly patientSaid: string | null;
    }[];
    readonly answers: readonly { readonly question: string; readonly answer: string; readonly count: number }[];
    readonly peers: readonly {
      readonly measure: string;
      readonly own: number | null;
      readonly median: number | null;
      readonly p25: number | null;
      readonly p75: number | null;
    }[];
  } | null;
  readonly events: readonly { readonly kind: string; readonly actorName: string | null; readonly at: string }[];
}

const OUTCOME: Readonly<Record<Outcome, string>> = {
  confirmed: 'Нарушение подтверждено',
  error: 'Ошибка в счетах без умысла',
  unfounded: 'Подозрение не подтвердилось',
};
const RESULT: Readonly<Record<LineResult, string>> = {
  'not-rendered': 'не оказана',
  upcoded: 'завышена',
  unbundled: 'раздроблена',
  error: 'ошибка',
  fine: 'без замечаний',
};
const KIND: Readonly<Record<string, string>> = {
  opened: 'Дело открыто',
  hold: 'Оплата удержана',
  'release-hold': 'Удержание снято решением',
  'hold-deadline': 'Удержание снято по сроку',
  'add-task': 'Дано поручение',
  'finish-task': 'Поручение выполнено',
  'write-letter': 'Письмо клинике',
  'clinic-answer': 'Ответ клиники',
  'letter-overdue': 'Клиника не ответила в срок',
  note: 'Заметка',
  propose: 'Предложен исход',
  return: 'Исход возвращён на доработку',
  confirm: 'Исход подтверждён',
};
const QUESTION: Readonly<Record<string, string>> = {
  'visit-happened': 'Визит был',
  'service-rendered': 'Услуга была',
  'duration-minutes': 'Минут с врачом',
  'paid-extra': 'Доплачивал',
  rating: 'Оценка',
};
const ANSWER: Readonly<Record<string, string>> = { yes: 'да', no: 'нет', unsure: 'не помню' };
const MEASURE: Readonly<Record<string, string>> = {
  'lines-per-visit': 'Строк за визит',
  'kopecks-per-visit': 'Рублей за визит',
  'denied-share': 'Доля отрицаний, %',
};

/** The closing report of an investigation on A4, tagged for screen readers. Same content, same bytes. */
export function renderCaseReport(report: CaseReport): Promise<Buffer> {
  const { record } = report;
  return renderPdf(
    {
      pageSize: 'A4',
      pageMargins: [40, 40, 40, 48],
      tagged: true,
      displayTitle: true,
      language: 'ru-RU',
      info: { title: `Заключение по делу ${report.number}` },
      defaultStyle: { font: 'Roboto', fontSize: 9.5 },
      styles: {
        title: { fontSize: 15, bold: true },
        head: { bold: true, fillColor: '#eeeeee' },
        part: { bold: true, fontSize: 11.5 },
      },
      footer: (page, pages) => ({
        text: `${report.number}, стр. ${page} из ${pages}`,
        alignment: 'center',
        fontSize: 8,
      }),
      content: [
        ...heading(report),
        ...found(report),
        ...evidence(report),
        part('Ход дела'),
        table(
          ['Когда', 'Что', 'Кто'],
          ['auto', '*', 'auto'],
          report.events.map((event) => [moment(event.at), KIND[event.kind] ?? event.kind, event.actorName ?? '—']),
        ),
      ],
    },
    record.closedAt ?? report.openedAt,
  );
}

function heading({ number, clinicName, clinicCode, doctorCode, reason, openedAt, record }: CaseReport): Content[] {
  const doctor = doctorCode === null ? '' : `, врач ${doctorCode}`;
  return [
    { text: `Заключение по делу ${number}`, style: 'title' },
    { text: `Открыто ${day(openedAt)}, закрыто ${day(record.closedAt ?? openedAt)}`, margin: [0, 2, 0, 8] },
    { text: `Клиника: ${clinicName} (${clinicCode})${doctor}` },
    { text: `Предмет: ${SCHEME_NAMES[record.scheme].ru}` },
    { text: `Основание: ${reason}`, margin: [0, 0, 0, 8] },
    { text: record.outcome === null ? 'Исход не определён' : OUTCOME[record.outcome], bold: true, fontSize: 12 },
    { text: record.proposal?.reason ?? '' },
    { text: `К возврату: ${roubles(record.recoveryKopecks)} руб.`, bold: true, margin: [0, 4, 0, 0] },
    {
      text: `Предложил: ${record.proposal?.by.name ?? record.proposal?.by.id ?? '—'}; подтвердил: ${record.confirmedBy?.name ?? record.confirmedBy?.id ?? '—'}`,
    },
  ];
}

function found({ record, pack }: CaseReport): Content[] {
  const lines = record.proposal?.lines ?? [];
  if (lines.length === 0) return [];
  const known = new Map((pack?.lines ?? []).map((line) => [line.lineId, line]));
  return [
    part('Решение по строкам'),
    table(
      ['Счёт, строка', 'Дата', 'Услуга', 'Пациент', 'Вывод', 'К возврату, руб.'],
      ['auto', 'auto', '*', 'auto', 'auto', 'auto'],
      lines.map(({ lineId, result, recoverKopecks }) => {
        const line = known.get(lineId);
        return [
          line === undefined ? String(lineId) : `${line.invoiceNo}, ${line.lineNo}`,
          line === undefined ? '' : day(line.serviceDate),
          line?.serviceName ?? '',
          ANSWER[line?.patientSaid ?? ''] ?? '—',
          RESULT[result],
          { text: roubles(recoverKopecks), alignment: 'right' as const },
        ];
      }),
    ),
  ];
}

function evidence({ pack }: CaseReport): Content[] {
  if (pack === null) return [];
  const shown = (measure: string, value: number | null): string => {
    if (value === null) return '—';
    if (measure === 'kopecks-per-visit') return roubles(Math.round(value));
    return measure === 'denied-share' ? (value * 100).toFixed(1) : value.toFixed(2);
  };
  const peers = pack.peers.map(({ measure, own, p25, median, p75 }) => [
    MEASURE[measure] ?? measure,
    shown(measure, own),
    shown(measure, median),
    `${shown(measure, p25)} – ${shown(measure, p75)}`,
  ]);
  const answers = pack.answers.map(({ question, answer, count }) => [
    QUESTION[question] ?? question,
    ANSWER[answer] ?? answer,
    String(count),
  ]);
  return [
    ...(peers.length === 0
      ? []
      : [
          part('Среди прочих'),
          table(['Показатель', 'Здесь', 'Медиана', 'Половина прочих'], ['*', 'auto', 'auto', 'auto'], peers),
        ]),
    ...(answers.length === 0
      ? []
      : [part('Ответы пациентов'), table(['Вопрос', 'Ответ', 'Число'], ['*', 'auto', 'auto'], answers)]),
  ];
}

function part(text: string): Content {
  return { text, style: 'part', margin: [0, 12, 0, 4] };
}

function table(head: readonly string[], widths: string[], rows: TableCell[][]): Content {
  return {
    layout: 'lightHorizontalLines',
    table: {
      headerRows: 1,
      dontBreakRows: true,
      widths,
      body: [head.map((text) => ({ text, style: 'head' })), ...rows],
    },
  };
}

/** 2026-03-01... -> 01.03.2026 */
function day(date: string): string {
  return `${date.slice(8, 10)}.${date.slice(5, 7)}.${date.slice(0, 4)}`;
}

function moment(at: string): string {
  return `${day(at)} ${at.slice(11, 16)} UTC`;
}
