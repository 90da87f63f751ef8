import type { TemplateResult } from 'lit';
import { html } from 'lit';
import type { Lesson } from '../../src/model/lessons.ts';
import { LESSON_NAMES, LESSONS } from '../../src/model/lessons.ts';
import type { FlowPath, PathInterface } from '../../src/model/path/flowPath.ts';
import { icon } from '../shared/controls.ts';

/** How each element of the path works, in one sentence: only what this path has. */
export function pathLessons(path: FlowPath): TemplateResult {
  return html`<section class="lessons" aria-labelledby="lessons">
    <h2 id="lessons">${icon('lightbulb')}How this works</h2>
    <dl>
      ${lessonsOf(path).map(
        (lesson) =>
          html`<div data-lesson=${lesson}>
            <dt>${LESSON_NAMES[lesson]}</dt>
            <dd>${LESSONS[lesson]}</dd>
          </div>`,
      )}
    </dl>
  </section>`;
}

/** In the order in which a packet meets them. */
export function lessonsOf({ request, reply, bystanders }: FlowPath): Lesson[] {
  const points = [...request.points, ...reply.points];
  const changes = new Set(points.flatMap((point) => point.changes));
  const places: readonly PathInterface[] = [...points, ...bystanders];
  const has = (role: PathInterface['role']): boolean => places.some((place) => place.role === role);
  const found: Readonly<Partial<Record<Lesson, boolean>>> = {
    namespace: places.some(({ pod }) => pod !== null),
    veth: has('pod-veth') || has('host-veth'),
    bridge: has('bridge'),
    route: true,
    dnat: changes.has('dnat') || changes.has('undo-dnat'),
    masquerade: changes.has('snat') || changes.has('undo-snat'),
    tunnel: has('tunnel'),
    uplink: points.some(({ role, pod }) => role === 'uplink' && pod === null),
    loopback: points.some(({ role }) => role === 'loopback'),
  };
  return (Object.keys(found) as Lesson[]).filter((lesson) => found[lesson] === true);
}
