import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { asRefusal } from "../api/refusal";

/** Something that a user does: what it changes is read again, what goes wrong is said. */
export function useAction<T, V = void>(
  act: (value: V) => Promise<T>,
  options: {
    refresh?: unknown[][];
    done?: (answer: T, value: V) => void;
    said?: (answer: T) => string;
    quiet?: boolean;
  } = {},
) {
  const client = useQueryClient();
  return useMutation<T, Error, V>({
    mutationFn: act,
    onSuccess: async (answer, value) => {
      for (const queryKey of options.refresh ?? []) void client.invalidateQueries({ queryKey });
      if (options.said) notifications.show({ message: options.said(answer), color: "green" });
      options.done?.(answer, value);
    },
    onError: (error) => {
      if (options.quiet) return;
      const { problem } = asRefusal(error);
      notifications.show({
        title: problem.detail,
        message: problem.hint,
        color: "red",
        autoClose: 12_000,
      });
    },
  });
}
