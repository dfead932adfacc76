import type { Pier } from './types';

export const harbour = (pier: Pier) => pier.name;
