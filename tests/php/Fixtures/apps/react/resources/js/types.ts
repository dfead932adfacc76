export interface Pier { name: string }
