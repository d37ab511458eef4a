import { parseIcd10 } from '../models/library/icd10';
import { parseNomenclature } from '../models/library/nomenclature';

describe('the official nomenclature file', () => {
  test.each([
    ['semicolons with a header', 'Код;Наименование\nA09.05.023;Исследование уровня глюкозы в крови\n'],
    ['commas and quotes', '\uFEFFcode,name,status\nA09.05.023,"Исследование уровня глюкозы в крови",действует\n'],
    ['tabs without a header', 'A09.05.023\tИсследование уровня глюкозы в крови\n'],
    ['a Cyrillic letter in the code', 'А09.05.023;Исследование уровня глюкозы в крови'],
  ])('is read with %s', (_name, text) => {
    expect(parseNomenclature(text)).toMatchObject({
      rows: [{ code: 'A09.05.023', name: 'Исследование уровня глюкозы в крови', kind: 'lab', minutes: null }],
      problems: [],
    });
  });

  test('repealed codes are set aside, unreadable rows are reported with their number, the rest goes on', () => {
    const file = parseNomenclature(
      [
        'code;name',
        'A27.30.009;Утратила силу с 18 апреля 2020 г.',
        'нет кода;Что-то',
        'A04.16.001;',
        'A04.16.001;Ультразвуковое исследование органов брюшной полости (комплексное)',
        'A04.16.001;Повтор',
      ].join('\n'),
    );
    expect(file.repealed).toEqual(['A27.30.009']);
    expect(file.problems.map(({ row, field }) => [row, field])).toEqual([
      [3, 'code'],
      [4, 'name'],
    ]);
    expect(file.rows.map(({ code, name }) => [code, name.slice(0, 5)])).toEqual([['A04.16.001', 'Ультр']]);
  });

  test.each([
    ['B01.047.001', 'Прием (осмотр, консультация) врача-терапевта первичный', 'consultation', 'врача-терапевта', 20],
    ['B01.047.009', 'Ежедневный осмотр врачом-терапевтом', 'inpatient', null, null],
    ['B04.014.004', 'Вакцинация', 'vaccination', null, null],
    ['B03.016.002', 'Общий (клинический) анализ крови', 'lab', null, null],
    ['A05.23.009', 'Магнитно-резонансная томография головного мозга', 'imaging', null, 20],
    ['A16.07.002.011', 'Восстановление зуба пломбой', 'dental', null, 30],
    ['A16.18.009', 'Аппендэктомия', 'surgery', null, 60],
    ['A17.30.003', 'Диадинамотерапия', 'physio', null, null],
    ['A11.12.003', 'Внутривенное введение лекарственных препаратов', 'procedure', null, 15],
    ['B05.023.002', 'Услуги по медицинской реабилитации', 'other', null, null],
  ])('%s gets its kind, specialty and minutes', (code, name, kind, specialty, minutes) => {
    expect(parseNomenclature(`${code};${name}`).rows).toEqual([{ code, name, kind, specialty, minutes }]);
  });
});

describe('the МКБ-10 classifier', () => {
  const head = 'ID;REC_CODE;MKB_CODE;MKB_NAME;ID_PARENT;ADDL_CODE;ACTUAL;DATE';

  test('keeps actual rows, marks leaves, leaves chapters out', () => {
    const rows = [
      '1;01;"I";"КЛАСС";;;1;',
      '2;0101;"A00-A09";"БЛОК";1;;1;',
      '3;x;"A00";"Холера";2;;1;',
      '4;x;"A00.0";"Холера 01";3;;1;',
      '5;x;"A90";"Денге";2;;0;07.10.2020',
      '6;x;"A91";"Одинокая рубрика";2;;1;',
    ];
    expect(parseIcd10([head, ...rows].join('\n')).map(({ code, billable }) => [code, billable])).toEqual([
      ['A00', false],
      ['A00-A09', false],
      ['A00.0', true],
      ['A91', true],
    ]);
  });

  test('a rubric whose only child is not actual is billable itself', () => {
    const rows = ['1;x;"B20";"Рубрика";;;1;', '2;x;"B20.1";"Снятая";1;;0;01.01.2020'];
    expect(parseIcd10([head, ...rows].join('\n'))).toEqual([{ code: 'B20', name: 'Рубрика', billable: true }]);
  });

  test('another file is refused', () => {
    expect(() => parseIcd10('code;name\nA00;x')).toThrow(expect.objectContaining({ code: 'library.bad-icd10' }));
  });
});
