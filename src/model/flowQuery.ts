import { OBSERVATION_POINTS } from './flow.ts';

/** Fields that a filter may name. `interface:eth0` and `point:endpoint` ask where packets of a flow were seen. */
export const QUERY_FIELDS = ['interface', 'point'] as const;
export type QueryField = (typeof QUERY_FIELDS)[number];

/** One thing that a flow must have; texts are in lower case. */
export type QueryTerm =
  | { readonly kind: 'word'; readonly text: string }
  /** `*` in the text stands for anything. */
  | { readonly kind: QueryField; readonly text: string };

export interface QueryProblem {
  /** One sentence. */
  readonly message: string;
  /** Where in the text, counted from 0. */
  readonly position: number;
}

export interface FlowQuery {
  /** All of them must hold. */
  readonly terms: readonly QueryTerm[];
  /** The first thing that is wrong with it; the rest holds all the same. */
  readonly problem: QueryProblem | null;
}

/**
 * Reads a filter's text: words apart by spaces, and fields with a value. A word with a colon that starts like the name of a
 * field and is none is found as it stands, but told of.
 */
export function flowQuery(text: string): FlowQuery {
  const terms: QueryTerm[] = [];
  let problem: QueryProblem | null = null;
  for (const { 0: written, index } of text.matchAll(/\S+/g)) {
    const word = written.toLowerCase();
    const { name, value } = fieldOf(word);
    const message = problemOf(name, value);
    if (message !== null) problem ??= { message, position: index };
    if (name !== null && isField(name)) {
      if (message === null) terms.push({ kind: name, text: value });
    } else {
      terms.push({ kind: 'word', text: word });
    }
  }
  return { terms, problem };
}

/** Says whether a text is what a field asks for: all of it, where `*` stands for anything. */
export function fieldMatcher(asked: string): (text: string) => boolean {
  const parts = asked.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`));
  const pattern = new RegExp(`^${parts.join('.*')}$`, 's');
  return (text) => pattern.test(text.toLowerCase());
}

const isField = (name: string): name is QueryField => QUERY_FIELDS.some((field) => field === name);

/** The name before a colon, where it may be meant for a field's: an IPv6 address has only the letters a to f. */
function fieldOf(word: string): { readonly name: string | null; readonly value: string } {
  const [, name = null, value = ''] = /^([a-z]{3,}):(.*)$/s.exec(word) ?? [];
  return name !== null && /[g-z]/.test(name) ? { name, value } : { name: null, value: '' };
}

function problemOf(name: string | null, value: string): string | null {
  if (name === null) return null;
  if (!isField(name)) {
    return `There is no field “${name}”: a filter knows ${QUERY_FIELDS.map((field) => `${field}:`).join(' and ')}.`;
  }
  if (value === '') {
    return name === 'interface'
      ? 'Write the name of an interface after “interface:”, for example interface:eth0 or interface:veth*.'
      : 'Write a part of an observation point’s name after “point:”, for example point:endpoint or point:from-network.';
  }
  const known = name === 'interface' || OBSERVATION_POINTS.some((point) => pointMatcher(value)(point));
  return known
    ? null
    : `There is no observation point “${value}”: they are ${OBSERVATION_POINTS.join(', ')}.`;
}

const DIRECTION = /^(?:from|to)-/;

/** `endpoint` asks for both directions, `from-endpoint` for one. */
export function pointMatcher(asked: string): (point: string) => boolean {
  const matches = fieldMatcher(asked);
  return (point) => matches(point) || matches(point.replace(DIRECTION, ''));
}

/** What a filter's last word may be completed to; empty where there is nothing to offer. */
export function queryCompletions(text: string): readonly string[] {
  const last = /\S+$/.exec(text)?.[0].toLowerCase() ?? '';
  if (last.length === 0) return [];
  const before = text.slice(0, text.length - last.length);
  // Both directions first; one of them when it was begun.
  const points = /^point:(?:from|to)/.test(last)
    ? OBSERVATION_POINTS
    : new Set(OBSERVATION_POINTS.map((point) => point.replace(DIRECTION, '')));
  const names = [...points].map((point) => `point:${point}`);
  const offers = [...QUERY_FIELDS.map((field) => `${field}:`), ...(last.startsWith('point:') ? names : [])];
  return offers.filter((offer) => offer.startsWith(last) && offer !== last).map((offer) => before + offer);
}
