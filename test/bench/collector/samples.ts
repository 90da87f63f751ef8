/** Measured values by contender, workload and metric, one for each round. */
import { median } from '../figures.ts';
import type { ContenderName } from './contenders.ts';
import type { Workload } from './workloads.ts';

export type Metric =
  | 'ns'
  | 'rate'
  | 'p50'
  | 'p99'
  | 'idleCpu'
  | 'cpu'
  | 'fixedMemory'
  | 'peakGrowth'
  | 'growth'
  | 'passed'
  | 'uncounted'
  | 'admitted';

/** Metrics of the whole run are kept under no workload. */
type Subject = Workload | 'all';

export class Samples {
  private readonly values = new Map<string, number[]>();

  add(name: ContenderName, subject: Subject, metric: Metric, value: number): void {
    const key = `${name}/${subject}/${metric}`;
    const known = this.values.get(key);
    if (known) known.push(value);
    else this.values.set(key, [value]);
  }

  all(name: ContenderName, subject: Subject, metric: Metric): readonly number[] {
    return this.values.get(`${name}/${subject}/${metric}`) ?? [];
  }

  /** Null where it was not measured. */
  median(name: ContenderName, subject: Subject, metric: Metric): number | null {
    const values = this.all(name, subject, metric);
    return values.length === 0 ? null : median(values);
  }
}
