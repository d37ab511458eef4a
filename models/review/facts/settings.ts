import type { CompiledPackSettings } from '../compile-medicine';
import { NONE } from '../table';

/** The pack in force on a day whose `column` says something (differs from `silent`); the latest one where several do. */
export function settingsOn(
  settings: CompiledPackSettings,
  day: number,
  column: ArrayLike<number>,
  silent: number,
): number {
  for (let pack = 0; pack < settings.from.length; pack += 1) {
    if (column[pack] !== silent && settings.from[pack]! <= day && day <= settings.to[pack]!) return pack;
  }
  return NONE;
}
