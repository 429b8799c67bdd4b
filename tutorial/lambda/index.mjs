// The function behind the guide's API: a list of items that callers can read and add to.
// It keeps the list in memory, so every new execution environment begins with the same three.

const items = [
  { id: 1, name: "Kettle", price: 24.5 },
  { id: 2, name: "Teapot", price: 31.0 },
  { id: 3, name: "Strainer", price: 4.75 },
];

const json = (statusCode, body) => ({
  statusCode,
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(body),
});

export const handler = async (event) => {
  switch (event.httpMethod) {
    case "GET":
      return json(200, { items });
    case "POST": {
      let item;
      try {
        item = JSON.parse(event.body ?? "");
      } catch {
        return json(400, { message: "The body must be one item as JSON" });
      }
      const added = { ...item, id: items.length + 1 };
      items.push(added);
      return json(201, added);
    }
    default:
      return json(405, { message: `Method ${event.httpMethod} is not supported` });
  }
};
