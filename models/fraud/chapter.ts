import type { Book, BookPart } from './book';
import { buildStructure, type Structure } from './structure';
import { foldAnswers, type AnsweredVisits } from './visit-evidence';

/** One part of a book, read and understood: its lines, who is answerable for them, and what patients said. */
export interface Chapter extends BookPart {
  readonly structure: Structure;
  readonly visits: AnsweredVisits;
}

/** Gathers sums over the chapters of a book; what it keeps follows clinics and doctors, not lines. */
export interface Collector<T> {
  readonly add: (chapter: Chapter) => void;
  readonly finish: () => T;
}

export function readChapter(book: Book, part: BookPart): Chapter {
  const structure = buildStructure(part.lines, book);
  return { ...part, structure, visits: foldAnswers(part, structure, book) };
}

/** Key of a line's unit, or of its clinic where it has no doctor: at least 0 for units, below for clinics. */
export function unitOrClinic(unit: number, clinic: number): number {
  return unit >= 0 ? unit : -1 - clinic;
}

/** Clinic of a `unitOrClinic` key. */
export function clinicOfKey(book: Pick<Book, 'units'>, key: number): number {
  return key >= 0 ? book.units.clinic[key]! : -1 - key;
}
