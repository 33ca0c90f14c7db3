export default function NewWorkflow() { return null; }
