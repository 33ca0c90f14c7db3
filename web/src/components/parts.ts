/** A part of the stack as people call it: `airflow_dag_processor` is Airflow's DAG processor. */
export function partName(key: string): string {
  const [first = "", ...rest] = key.split("_");
  const words = rest.map((word) => (["api", "dag"].includes(word) ? word.toUpperCase() : word));
  const start = first.charAt(0).toUpperCase() + first.slice(1);
  return words.length > 0 ? `${start}'s ${words.join(" ")}` : start;
}
