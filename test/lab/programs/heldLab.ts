/** Builds a lab, prints its id and keeps it until a signal; for tests of the taking down. */
import { Lab } from '../lab.ts';

const lab = await Lab.build();
console.log(lab.plan.id);
setInterval(() => {}, 60_000);
