/** `node-a-veth1-20261127-190500.pcapng`, by the reader's clock; what a file's name may not hold is an underscore. */
export function captureFileName(node: string, interfaceName: string, time: Date): string {
  const two = (figure: number): string => String(figure).padStart(2, '0');
  const date = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join('');
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join('');
  return `${[node, interfaceName].join('-').replaceAll(/[^\w.-]+/g, '_')}-${date}-${clock}.pcapng`;
}
