export async function post(url, form) {
  const response = await fetch(url, { method: "POST", body: new URLSearchParams(form) });
  if (!response.ok) throw new Error(`${response.status} from ${url}`);
  return response.json();
}
