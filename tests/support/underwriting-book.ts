import type { Factor } from '../../models/underwriting/catalogue';
import { parseCatalogue } from '../../models/underwriting/catalogue';
import { createRandom, normal } from '../../models/underwriting/random';
import type { Table } from '../../models/underwriting/table';
import { readTableText } from '../../models/underwriting/table-text';

export const BOOK_CATALOGUE = `code,group,kind,unit,min,max,name_ru,description,monotone
region,company,category,code,,,Регион,Region,
age_mean,population,number,years,18,75,Возраст,Mean age,
dental_included,coverage,boolean,,0,1,Стоматология,Dentistry,
franchise_percent,coverage,number,percent,0,50,Франшиза,Franchise,decreasing
clinic_price_index,clinic,number,ratio,0.3,4,Индекс цен,Price index,increasing
yandex_rating,clinic,number,rating,1,5,Рейтинг,Rating,
office_clinic_km,pair,number,km,0,80,Расстояние,Distance,
clinics_in_programme,pair,integer,clinics,1,50,Клиник,Clinics,
useless,company,number,,0,1,Лишнее,Has no effect,
inflation_index,history,number,ratio,0.5,5,Инфляция,Price level,
`;

export function bookFactors(): Factor[] {
  return parseCatalogue(BOOK_CATALOGUE);
}

/**
 * A small book of known form: contracts over clinics of a programme that compete for people, with lasting effects of
 * contract and of contract in clinic, and noise that falls with size.
 */
export function bookCsv(options: { contracts?: number; years?: number; seed?: number; first?: number } = {}): string {
  const { contracts = 160, years = 3, seed = 5, first = 2021 } = options;
  const random = createRandom(seed);
  const between = (low: number, high: number): number => low + (high - low) * random();
  const clinics = Array.from({ length: 25 }, (_, k) => ({
    code: `C${String(k).padStart(3, '0')}`,
    price: between(0.6, 1.8),
    rating: between(2.5, 5),
  }));
  const header =
    'contract_no,clinic_code,year,payout_rub,person_years,region,age_mean,dental_included,franchise_percent,clinic_price_index,yandex_rating,office_clinic_km,clinics_in_programme,useless,inflation_index';
  const lines = [header];
  for (let c = 0; c < contracts; c++) {
    const region = Math.floor(between(0, 4));
    const age = between(25, 55);
    const dental = random() < 0.5 ? 1 : 0;
    const franchise = random() < 0.5 ? 0 : between(0, 30);
    const size = Math.exp(between(3, 6));
    const useless = random();
    const chosen = clinics.filter(() => random() < 0.2).slice(0, 7);
    if (chosen.length < 2) chosen.splice(0, chosen.length, clinics[0]!, clinics[1]!);
    const distance = chosen.map(() => between(0.3, 20));
    const own = normal(random) * 0.25;
    const cells = chosen.map(() => normal(random) * 0.25);
    const pull = chosen.map((clinic, k) => Math.exp(0.6 * clinic.rating - 0.12 * distance[k]!));
    const sum = pull.reduce((a, b) => a + b, 0);
    for (let y = 0; y < years; y++) {
      const index = 1.08 ** y;
      chosen.forEach((clinic, k) => {
        const mean =
          size *
          12_000 *
          index *
          Math.exp(0.02 * (age - 40) + 0.35 * dental - 0.012 * franchise + 0.1 * region + own + cells[k]!) *
          (pull[k]! / sum) *
          clinic.price;
        const paid = Math.max(0, mean * (1 + (normal(random) * Math.sqrt(9000 / mean)) / 1));
        lines.push(
          [
            `K-${seed}-${c}`,
            clinic.code,
            first + y,
            paid.toFixed(2),
            size.toFixed(2),
            region,
            age.toFixed(1),
            dental,
            franchise.toFixed(1),
            clinic.price.toFixed(3),
            clinic.rating.toFixed(2),
            distance[k]!.toFixed(2),
            chosen.length,
            useless.toFixed(3),
            index.toFixed(4),
          ].join(','),
        );
      });
    }
  }
  return `${lines.join('\n')}\n`;
}

export function bookTable(options: Parameters<typeof bookCsv>[0] = {}): Table {
  return readTableText(bookCsv(options));
}

export const BOOK_COLUMNS = {
  target: 'payout_rub',
  exposure: 'person_years',
  group: 'contract_no',
  time: 'year',
} as const;
